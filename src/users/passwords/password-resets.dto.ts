/** How the link that sets a password is delivered. */
export const DELIVERIES = ['mail', 'link'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** The link and the code of a password reset, shown once. */
export class PasswordResetLinkDto {
  /** The page on which the user chooses a new password. @example "https://app.example.com/reset-password#token=pr_AZqy…" */
  url: string;
  /** The code of the same reset, to be read out on the telephone. @example "482 915" */
  code: string;
  expires_at: Date;
}
