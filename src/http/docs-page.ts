/** The page at /docs and its start script. All URLs are relative, as a proxy may strip a path prefix. */

/** Content-Security-Policy: nothing from elsewhere, no inline script. */
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

/** @param folder the path of the page's files, relative to the page: `docs/`, or empty when its own URL ends in a slash */
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
export const DOCS_START = `const root = new URL('..', document.currentScript.src); // the root of UserHub, also below a path prefix
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

  // links to operations open on this page, not in a new tab
  document.addEventListener('click', (event) => {
    const hash = event.target.closest?.('.renderedMarkdown a')?.getAttribute('href');
    if (!hash?.startsWith('#/')) return;
    event.preventDefault();
    ui.layoutActions.parseDeepLinkHash(decodeURIComponent(hash));
  });
};
start();

// each form of the Authorize dialog takes the focus, so the last one would have it; the first is used most
let dialog = null;
new MutationObserver(() => {
  const shown = document.querySelector('.dialog-ux');
  if (shown !== dialog) shown?.querySelector('#oauth_username')?.focus();
  dialog = shown;
}).observe(document.getElementById('swagger-ui'), { childList: true, subtree: true });
`;
