/** The values of `.dev.vars.example`, for tests that give the Worker its bindings themselves. */
export const DEV_BINDINGS = {
  ENVIRONMENT: "development",
  APP_SECRET: "dev-app-secret",
  PUBLISHER_SECRETS: "dev-publisher-secret",
  ADMIN_SECRETS: "dev-admin-secret",
  CHANNEL_SECRETS: "dev-channel-secret",
  PLAYGROUND: "on",
  PERMISSIONS: "open",
  ALLOWED_ORIGINS: "*",
} as const;
