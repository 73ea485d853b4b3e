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
COPY scripts/build.mjs scripts/bundle.mjs scripts/image.mjs scripts/npm.mjs scripts/
COPY scripts/bundle scripts/bundle
COPY openapi.json LICENSE ./
# what it needs to run, some tens of megabytes; node_modules, and the embedded PostgreSQL in it, stay here
RUN npm run build && node scripts/image.mjs image

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/image .
# all of it belongs to root, and nothing is ever written: read-only root file systems are fine
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 8000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/main.js"]
