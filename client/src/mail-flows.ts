/** What people do with the links and codes of mails. A link brings its token in the fragment of its address. */
import type { Api } from './api.js';
import type {
  AcceptInvitationRequest,
  ConfirmEmailRequest,
  ConfirmPasswordResetRequest,
  LinkPreview,
  RequestPasswordResetRequest,
  User,
} from './schema.js';

/** The part of a client that deals with mails. */
export interface MailFlows {
  /** What a link is for, and whether it still works; consumes nothing. @throws UserHubProblem such as `link_expired` */
  previewLink(token: string): Promise<LinkPreview>;
  /**
   * Confirms the address of an account: by `token` or `code` where somebody is signed in; by `token` and `password`, or
   * `email`, `code` and `password`, where nobody is.
   * @throws UserHubProblem such as `code_invalid`
   */
  verifyEmail(proof: ConfirmEmailRequest): Promise<void>;
  /** Has a link and a code sent, if there is such an account: the answer is the same if there is none. @throws UserHubProblem */
  requestPasswordReset(account: RequestPasswordResetRequest): Promise<void>;
  /** Sets a new password by `token`, or by `email` and `code`. All sessions end; nobody is signed in by it. @throws UserHubProblem */
  resetPassword(reset: ConfirmPasswordResetRequest): Promise<void>;
  /** Confirms the new address of an account, as `verifyEmail` does the first. @throws UserHubProblem such as `email_taken` */
  confirmEmailChange(proof: ConfirmEmailRequest): Promise<void>;
  /**
   * Makes the account that somebody is invited to, and signs in to it. With the `token` alone: gives the role of the
   * invitation to the one who is signed in, if its address is theirs.
   * @throws UserHubProblem such as `username_taken`
   */
  acceptInvitation(invitation: AcceptInvitationRequest): Promise<User>;
}

/** @param api as the one who is signed in @param anyone as nobody @param signIn begins a session */
export function mailFlows(
  api: Api,
  anyone: Api,
  signIn: (credentials: { email: string; password: string }) => Promise<void>,
): MailFlows {
  return {
    previewLink: async (token) => (await anyone.POST('/api/auth/links/preview', { body: { token } })).data,
    verifyEmail: async (body) => void (await api.POST('/api/auth/verify-email', { body })),
    requestPasswordReset: async (body) => void (await anyone.POST('/api/auth/password-reset', { body })),
    resetPassword: async (body) => void (await anyone.POST('/api/auth/password-reset/confirm', { body })),
    confirmEmailChange: async (body) => void (await api.POST('/api/auth/email-change/confirm', { body })),
    acceptInvitation: async (body) => {
      const { password } = body;
      const { data: user } = await (password ? anyone : api).POST('/api/invitations/accept', { body });
      if (password && user.email) await signIn({ email: user.email, password });
      return user;
    },
  };
}
