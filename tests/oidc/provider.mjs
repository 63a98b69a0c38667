// A certified OpenID Connect provider on loopback: users, a groups claim, dynamic registration, back-channel logout.
// Usage: node provider.mjs PORT USERS.json
import { readFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const users = JSON.parse(readFileSync(process.argv[3], "utf8"));
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  scopes: ["openid", "email", "profile", "groups"],
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: true },
    registration: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  cookies: { keys: ["tests only"] },
  // Our hub is on loopback, where the provider would not call by itself.
  fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
  pkce: { required: () => true },
  findAccount: (ctx, id) =>
    id in users ? { accountId: id, claims: () => ({ sub: id, ...users[id] }) } : undefined,
});
for (const event of ["server_error", "backchannel.error", "grant.error", "authorization.error", "registration_create.error"]) {
  provider.on(event, (...told) => console.error(event, ...told.filter((one) => one instanceof Error)));
}
provider.listen(port, "127.0.0.1", () => console.log(`listening at ${issuer}`));
