export type { Api, Route } from './api.js';
export type { Factor, PendingSignIn, Proof } from './factors.js';
export { createUserHub, type Credentials, type ListRoute, type UserHub, type UserHubOptions } from './hub.js';
export { canUsePasskeys } from './passkeys.js';
export { type UserHubCode, UserHubProblem } from './problem.js';
export type { ProviderFlow, ProviderOptions } from './providers.js';
export type * from './schema.js';
export { browserStorage, memoryStorage, type Tokens, type TokenStorage } from './storage.js';
