# syntax=docker/dockerfile:1
# docker build -t userhub .

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# no install scripts: bcrypt ships its binaries
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ormconfig.ts ./
COPY migrations migrations
COPY src src
COPY client/src client/src
COPY console console
COPY scripts/build.mjs scripts/npm.mjs scripts/
RUN npm run build
# the embedded PostgreSQL is optional, and stays here
RUN npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json openapi.json LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# all of it belongs to root, and nothing is ever written: read-only root file systems are fine
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
