FROM node:24-slim
ENV NODE_ENV=production HEADGATE_DATA_DIR=/data
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts
COPY headgate.mjs LICENSE ./
COPY scripts/find-node.mjs scripts/
COPY src src
RUN mkdir /data && chown node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK CMD node -e "fetch('http://127.0.0.1:8080/api/healthcheck').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"
# Others can reach it: give it TLS, or the address of the proxy in front (docs/configuration.md).
ENV HEADGATE_HOST=0.0.0.0
# Long answers are made of short-lived texts: a small young generation holds them as well as the largest, and keeps 100 MB free.
CMD ["node", "--max-semi-space-size=16", "headgate.mjs", "serve"]
