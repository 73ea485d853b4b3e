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
      { operation: 'exportOwnData', body: { current_password: '{{new_password}}' } },
      { operation: 'stepUp', body: { current_password: '{{new_password}}' }, keep: { token: 'access_token' } },
    ],
  },
  {
    name: 'Ways in',
    description: 'What else opens the account: providers, passkeys, a second factor; tokens for programs.',
    steps: [
      { operation: 'listProviders' },
      { operation: 'listIdentities' },
      { operation: 'getSignInOptions' },
      { operation: 'getCreationOptions' },
      { operation: 'listPasskeys' },
      { operation: 'getMfa' },
      { operation: 'startTotp' },
      { operation: 'listDevices' },
      { operation: 'forgetDevices' },
      { operation: 'createToken', body: { name: 'nightly report', scopes: ['users:read'] }, keep: { token_id: 'id' } },
      { operation: 'listTokens' },
      { operation: 'revokeToken', path: { id: '{{token_id}}' } },
    ],
  },
  {
    name: 'Mail',
    description: 'What sends a mail; on a development server it lands at /dev/mail.',
    steps: [
      { operation: 'sendVerification', body: { email: '{{email}}' } },
      { operation: 'requestPasswordReset', body: { email: '{{email}}' } },
      { operation: 'cancelEmailChange' },
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
      { operation: 'listUserIdentities', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'endUserSessions', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'getThrottle', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'unblockUser', as: 'admin', path: { id: '{{other_id}}' } },
      { operation: 'resetPasswordOf', as: 'admin', path: { id: '{{other_id}}' }, body: { deliver: 'link' } },
      {
        operation: 'changeUsers',
        as: 'admin',
        body: { ids: ['{{other_id}}'], action: 'deactivate', reason: 'a test' },
      },
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
      { operation: 'exportAuditEvents', as: 'admin' },
      { operation: 'exportUsers', as: 'admin' },
      { operation: 'exportAllUsers', as: 'admin' },
      { operation: 'exportDataOf', as: 'admin', path: { id: '{{user_id}}' } },
      { operation: 'getStats', as: 'admin' },
      { operation: 'getDailyStats', as: 'admin', query: { since: '2026-01-01', until: '2026-01-31' } },
      { operation: 'getSystem', as: 'admin' },
      { operation: 'sendTestMail', as: 'admin', body: { to: 'admin@example.com' } },
      { operation: 'listMails', as: 'admin', query: { limit: '10' } },
    ],
  },
  {
    name: 'Invitations',
    description: 'For admins: people who are to make their account themselves.',
    steps: [
      {
        operation: 'createInvitation',
        as: 'admin',
        body: { email: 'carol-{{$timestamp}}@example.com' },
        keep: { invitation_id: 'id' },
      },
      { operation: 'listInvitations', as: 'admin', query: { limit: '10' } },
      { operation: 'getInvitation', as: 'admin', path: { id: '{{invitation_id}}' } },
      { operation: 'resendInvitation', as: 'admin', path: { id: '{{invitation_id}}' } },
      { operation: 'revokeInvitation', as: 'admin', path: { id: '{{invitation_id}}' } },
    ],
  },
  {
    name: 'Service accounts',
    description: 'For admins: an account of a program, and its tokens.',
    steps: [
      {
        operation: 'createUser',
        id: 'createServiceAccount',
        name: 'Create a service account',
        as: 'admin',
        body: { kind: 'service', username: 'robot-{{$timestamp}}' },
        keep: { service_id: 'id' },
      },
      {
        operation: 'createUserToken',
        as: 'admin',
        path: { id: '{{service_id}}' },
        body: { name: 'importer', scopes: ['users:read'] },
        keep: { service_token_id: 'id' },
      },
      { operation: 'listUserTokens', as: 'admin', path: { id: '{{service_id}}' } },
      { operation: 'revokeUserToken', as: 'admin', path: { id: '{{service_id}}', token_id: '{{service_token_id}}' } },
      { operation: 'revokeUserTokens', as: 'admin', path: { id: '{{service_id}}' } },
    ],
  },
  {
    name: 'Webhooks',
    description: 'For admins: receivers that are told what happens to accounts.',
    steps: [
      {
        operation: 'createWebhook',
        as: 'admin',
        body: { url: 'http://127.0.0.1:9/hook', events: ['webhook.test'] },
        keep: { webhook_id: 'id' },
      },
      { operation: 'listWebhooks', as: 'admin' },
      { operation: 'getWebhook', as: 'admin', path: { id: '{{webhook_id}}' } },
      { operation: 'updateWebhook', as: 'admin', path: { id: '{{webhook_id}}' }, body: { description: 'a test' } },
      { operation: 'rotateWebhookSecret', as: 'admin', path: { id: '{{webhook_id}}' } },
      { operation: 'testWebhook', as: 'admin', path: { id: '{{webhook_id}}' } },
      {
        operation: 'listDeliveries',
        as: 'admin',
        path: { id: '{{webhook_id}}' },
        query: { limit: '10' },
        keep: { delivery_id: 'items[0].id' },
      },
      { operation: 'retryDelivery', as: 'admin', path: { id: '{{webhook_id}}', delivery_id: '{{delivery_id}}' } },
      { operation: 'replayDeliveries', as: 'admin', path: { id: '{{webhook_id}}' } },
      { operation: 'deleteWebhook', as: 'admin', path: { id: '{{webhook_id}}' } },
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

/** The folders at the end; those of features that the story doesn't know come before them. */
export const TOLD_LAST = new Set(['Health', 'Sign out']);

/** What no collection can run by itself, and what each needs. Their examples are at /docs. */
export const LEFT_OUT: Record<string, string[]> = {
  'a link or code out of a mail': ['verifyEmail', 'rejectRegistration', 'previewLink', 'confirmPasswordReset', 'confirmEmailChange', 'sendEmailChange', 'revertEmailChange', 'acceptInvitation', 'restoreAccount', 'retryMail'],
  'an authenticator app': ['confirmTotp', 'removeTotp', 'switchMfa', 'renewRecoveryCodes', 'verifyMfa', 'startEnrollment', 'confirmEnrollment', 'resetMfa', 'forgetDevice'],
  'a passkey': ['signInByPasskey', 'addPasskey', 'renamePasskey', 'removePasskey', 'getMfaPasskeyOptions', 'getStepUpOptions'],
  'a browser and a provider': ['authorize', 'completeSignIn', 'completeSignInByForm', 'linkIdentity', 'unlinkIdentity', 'unlinkUserIdentity'],
  'an account that may go': ['deleteAccount'],
  'a file': ['importUsers'],
  'a session of somebody else': ['endUserSession'],
}; // prettier-ignore
