interface SecretVariables {
  readonly tokens: readonly { readonly token: string }[];
  readonly PORTCULLIS_TOKEN?: string | undefined;
  readonly PULUMI_CONFIG_PASSPHRASE?: string | undefined;
  readonly DATABASE_URL?: string | undefined;
  readonly AWS_SECRET_ACCESS_KEY?: string | undefined;
  readonly AWS_SESSION_TOKEN?: string | undefined;
}

function passwordOf(address: string | undefined): string | undefined {
  if (!address || !URL.canParse(address)) return undefined;
  const { password } = new URL(address);
  try {
    return decodeURIComponent(password);
  } catch {
    return password;
  }
}

/** The texts among the settings that no log may hold, wherever it might have met them. Pure. */
export const secretsOf = (given: SecretVariables): readonly string[] =>
  [
    ...given.tokens.map(({ token }) => token),
    given.PORTCULLIS_TOKEN,
    given.PULUMI_CONFIG_PASSPHRASE,
    passwordOf(given.DATABASE_URL),
    given.AWS_SECRET_ACCESS_KEY,
    given.AWS_SESSION_TOKEN,
  ].filter((secret) => secret !== undefined && secret !== '') as string[];
