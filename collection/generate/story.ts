/** In which order the operations make sense, and what one takes from the answer of another. */

/** One request of the story. What isn't said here comes from openapi.json. */
export interface Step {
  operation: string;
  /** What other requests know it by; the operation unless said. */
  id?: string;
  /** Called so when the summary of the operation isn't what it is here for. */
  name?: string;
  /** Whose token it carries, when the operation needs one; the user's unless said. */
  as?: 'admin';
  /** Values of path parameters that aren't called as the variable is. */
  path?: Record<string, string>;
  /** Query parameters to send; the others are there, switched off. */
  query?: Record<string, string>;
  /** In place of the first example. */
  body?: Record<string, unknown>;
  /** Variables to keep, and where in the answer they are: `items[1].id`. */
  keep?: Record<string, string>;
}

export interface Folder {
  name: string;
  description: string;
  steps: Step[];
}

/** Variables that people set; the requests fill in the others. */
export const SETTINGS = {
  base_url: 'http://localhost:8000',
  password: 'correct horse battery',
  new_password: 'a better horse battery',
  admin_email: 'admin@example.com',
  admin_password: '',
};

/** Nobody should look over a shoulder and read these. */
export const SECRETS = new Set(['password', 'new_password', 'admin_password', 'token', 'refresh_token', 'admin_token']);

const TOKENS = { token: 'access_token', refresh_token: 'refresh_token' };

export const STORY: Folder[] = [
  {
    name: 'Sign in',
    description: 'Begin here: the other folders use the token that signing in keeps.',
    steps: [
      {
        operation: 'registerUser',
        body: {
          email: 'ada-{{$timestamp}}@example.com',
          username: 'ada-{{$timestamp}}',
          password: '{{password}}',
          display_name: 'Ada Lovelace',
        },
        keep: { email: 'email', username: 'username' },
      },
      {
        operation: 'issueToken',
        body: { grant_type: 'password', username: '{{email}}', password: '{{password}}' },
      },
      { operation: 'login', body: { username: '{{username}}', password: '{{password}}' }, keep: TOKENS },
      { operation: 'refreshTokens', body: { refresh_token: '{{refresh_token}}' }, keep: TOKENS },
      { operation: 'getMe', keep: { user_id: 'id' } },
    ],
  },
  {
    name: 'Account',
    description: "One's own account and sessions, and what one sees of others.",
    steps: [
      { operation: 'getUser', path: { id: '{{user_id}}' } },
      { operation: 'getUserByUsername' },
      { operation: 'getUserByEmail' },
      { operation: 'listUsers', query: { q: 'ada', limit: '10' } },
      { operation: 'updateUser', path: { id: '{{user_id}}' } },
      { operation: 'replaceUser', path: { id: '{{user_id}}' } },
      { operation: 'listOwnSessions', keep: { session_id: 'items[1].id' } },
      { operation: 'endSession', path: { id: '{{session_id}}' } },
      { operation: 'endOtherSessions' },
      {
        operation: 'changePassword',
        body: { current_password: '{{password}}', new_password: '{{new_password}}' },
      },
      { operation: 'listOwnEvents', query: { limit: '10' } },
    ],
  },
  {
    name: 'Posts',
    description: 'Posts and likes.',
    steps: [
      { operation: 'publishPost', keep: { post_id: 'id' } },
      { operation: 'listPosts', query: { limit: '10' } },
      { operation: 'getPost', path: { id: '{{post_id}}' } },
      { operation: 'updatePost', path: { id: '{{post_id}}' } },
      { operation: 'replacePost', path: { id: '{{post_id}}' } },
      { operation: 'likePost', path: { id: '{{post_id}}' } },
      { operation: 'listLikes', path: { id: '{{post_id}}' } },
      { operation: 'unlikePost', path: { id: '{{post_id}}' } },
      { operation: 'deletePost', path: { id: '{{post_id}}' } },
    ],
  },
  {
    name: 'Tasks',
    description: 'Tasks, private to their owner.',
    steps: [
      { operation: 'createTask', keep: { task_id: 'id' } },
      { operation: 'listTasks', query: { is_completed: 'false', limit: '10' } },
      { operation: 'getTask', path: { id: '{{task_id}}' } },
      { operation: 'updateTask', path: { id: '{{task_id}}' } },
      { operation: 'replaceTask', path: { id: '{{task_id}}' } },
      { operation: 'deleteTask', path: { id: '{{task_id}}' } },
    ],
  },
  {
    name: 'Administration',
    description: 'For admins: set `admin_email` and `admin_password` first. A new development server prints them.',
    steps: [
      {
        operation: 'login',
        id: 'loginAsAdmin',
        name: 'Signs in as an admin',
        body: { email: '{{admin_email}}', password: '{{admin_password}}' },
        keep: { admin_token: 'access_token' },
      },
      {
        operation: 'createUser',
        as: 'admin',
        body: {
          email: 'bob-{{$timestamp}}@example.com',
          username: 'bob-{{$timestamp}}',
          password: '{{password}}',
          role: 'user',
        },
        keep: { other_id: 'id' },
      },
      { operation: 'listUserSessions', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'endUserSessions', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'unblockUser', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'deleteUser', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'restoreUser', as: 'admin', path: { id: '{{other_id}}' } },
      {
        operation: 'deleteUser',
        id: 'purgeUser',
        name: 'Purge user',
        as: 'admin',
        path: { id: '{{other_id}}' },
        query: { purge: 'true' },
      },
      { operation: 'listAuditEvents', as: 'admin', query: { limit: '10' } },
    ],
  },
  {
    name: 'Health',
    description: 'For people, balancers and other services.',
    steps: [
      { operation: 'getHealth' },
      { operation: 'getLiveness' },
      { operation: 'getReadiness' },
      { operation: 'getJwks' },
    ],
  },
  {
    name: 'Sign out',
    description: 'The end: the tokens are of no use any more.',
    steps: [{ operation: 'logout', body: { refresh_token: '{{refresh_token}}' } }],
  },
];
