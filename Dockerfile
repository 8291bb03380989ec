# relying-party-server, built from the workspace. The settings come from the environment: see docs/production.md.
FROM node:24-slim AS build
WORKDIR /workspace
COPY . .
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile \
 && npx --yes pnpm@12.21.0 run build \
 && npx --yes pnpm@12.21.0 --filter @relying-party/server deploy --legacy --prod /server

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /server
COPY --from=build /server .
# Cannot change what it runs.
USER node
EXPOSE 3000
CMD ["node", "dist/main.js"]
