# One image for every role; the command chooses. Build: docker build -t logferry .

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=optional --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY workers ./workers
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are embedded PostgreSQL and native accelerators; a container talks to a real database.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY --from=build /app/dist ./dist
COPY prisma ./prisma
# Files in transit, where a volume is mounted here and TMPDIR names it: /tmp may be memory.
RUN install --directory --owner=node --group=node /var/lib/logferry
# The program's files belong to root and are read-only to the process.
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
# For the roles that serve the web port; docker-compose.yml turns it off for the others.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# LogFerry handles SIGTERM and starts no children here, so it can be process 1 itself.
CMD ["node", "dist/src/cli/main.js", "start"]
