/** A device that is remembered: its token stands for the second factor, together with the password. */

const KEY = 'userhub.device';

/** Keeps the token of this device, for sign-ins to come. */
export const rememberDevice = (token: string | undefined): void => {
  if (token) localStorage.setItem(KEY, token);
};

/** What goes with a password on this device. */
export const thisDevice = (): { device_token?: string } => {
  const device_token = localStorage.getItem(KEY);
  return device_token ? { device_token } : {};
};
