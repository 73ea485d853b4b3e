export type { Api, Route } from './api.js';
export { createUserHub, type Credentials, type ListRoute, type UserHub, type UserHubOptions } from './hub.js';
export { type UserHubCode, UserHubProblem } from './problem.js';
export type * from './schema.js';
export { browserStorage, memoryStorage, type Tokens, type TokenStorage } from './storage.js';
