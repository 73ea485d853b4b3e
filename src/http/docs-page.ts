/** The page at /docs, and what starts it. All addresses are relative: a proxy may have taken a prefix off the path. */

/** What the page may load: nothing from elsewhere, and no script in the page itself. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'", // Swagger UI sets styles from its script
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** @param folder where the page's files are, seen from the page: `docs/`, or nothing when its own address ends in a slash */
export const docsPage = (folder: '' | 'docs/') => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>UserHub API</title>
    <link rel="icon" type="image/png" href="${folder}favicon-32x32.png" />
    <link rel="stylesheet" href="${folder}swagger-ui.css" />
    <style>
      html.dark-mode {
        background: #1c2022;
      }
      /* there are neither scopes nor clients to name, and no other servers to choose from */
      .auth-container .scope-def,
      .wrapper:has(> label:is([for='password_type'], [for='client_id_password'], [for='client_secret_password'])),
      .scheme-container .servers-title,
      .scheme-container .servers {
        display: none;
      }
    </style>
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="${folder}swagger-ui-bundle.js"></script>
    <script src="${folder}start.js"></script>
  </body>
</html>
`;

/** Runs in the browser. */
export const DOCS_START = `const root = new URL('..', document.currentScript.src); // of UserHub, also below a prefix that a proxy takes off
const prefix = root.pathname.slice(0, -1);

const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();

const start = async () => {
  const spec = await (await fetch(new URL('openapi.json', root))).json();
  if (prefix) spec.servers = [{ url: prefix }];
  for (const { flows = {} } of Object.values(spec.components.securitySchemes)) {
    for (const flow of Object.values(flows)) {
      for (const name of ['tokenUrl', 'refreshUrl']) if (flow[name]) flow[name] = prefix + flow[name];
    }
  }
  const ui = SwaggerUIBundle({
    spec,
    dom_id: '#swagger-ui',
    deepLinking: true,
    tryItOutEnabled: true,
    persistAuthorization: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
  });

  // operations that texts name: on this page, not in a new tab
  document.addEventListener('click', (event) => {
    const hash = event.target.closest?.('.renderedMarkdown a')?.getAttribute('href');
    if (!hash?.startsWith('#/')) return;
    event.preventDefault();
    ui.layoutActions.parseDeepLinkHash(decodeURIComponent(hash));
  });
};
start();

// each form of the Authorize dialog asks for the focus, and the last one gets it; most people sign in with the first
let dialog = null;
new MutationObserver(() => {
  const shown = document.querySelector('.dialog-ux');
  if (shown !== dialog) shown?.querySelector('#oauth_username')?.focus();
  dialog = shown;
}).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
`;
