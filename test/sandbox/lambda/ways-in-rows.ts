/**
 * What each event fixture leads to: `group` inspects the group that it names, `list` and `resolver` the groups that use
 * the list or a list of the resolver, `default` the VPC's default group, `region` every group of the Region, `none` no
 * group but with a result, `unforwarded` nothing at all, `denied` an account without a remediation role.
 */
export type Decision =
  | 'group'
  | 'list'
  | 'resolver'
  | 'default'
  | 'region'
  | 'none'
  | 'unforwarded'
  | 'denied';

export const rows: Record<string, Decision> = {
  'authorize-account-as-short-number': 'denied',
  'authorize-all-protocols-account-as-number': 'group',
  'authorize-both-omitted': 'region',
  'authorize-by-cloudformation': 'group',
  'authorize-by-name-without-rule-set': 'group',
  'authorize-by-namesake-role-elsewhere': 'group',
  'authorize-by-own-role': 'group',
  'authorize-by-terraform': 'group',
  'authorize-default-group-by-name': 'default',
  'authorize-dry-run': 'none',
  'authorize-duplicate': 'group',
  'authorize-egress': 'none',
  'authorize-flat': 'group',
  'authorize-flat-by-name': 'group',
  'authorize-group-of-another-owner': 'group',
  'authorize-icmp': 'group',
  'authorize-ipv6-all-protocols': 'group',
  'authorize-mixed': 'group',
  'authorize-names-nothing': 'region',
  'authorize-nested': 'group',
  'authorize-prefix-list': 'group',
  'authorize-request-omitted': 'group',
  'authorize-rule-tags': 'group',
  'authorize-server-error': 'group',
  'authorize-source-group': 'group',
  'authorize-two-halves': 'group',
  'authorize-unauthorized': 'none',
  'authorize-without-rule-set': 'group',
  'authorize-wrapped': 'group',
  'descriptions-updated': 'none',
  'group-created': 'unforwarded',
  'group-created-tagged': 'unforwarded',
  'modify-duplicate': 'group',
  'modify-plain': 'group',
  'modify-without-group': 'region',
  'modify-wrapped-one': 'group',
  'modify-wrapped-several': 'group',
  'prefix-list-edit-omitted': 'region',
  'prefix-list-edited': 'list',
  'prefix-list-restored': 'list',
  'resolver-modified': 'resolver',
  'resolver-target-created': 'list',
  'resolver-target-modified': 'list',
  'revoke-ingress': 'none',
  'tags-created': 'group',
  'tags-created-of-no-concern': 'unforwarded',
  'tags-deleted': 'group',
  'tags-deleted-all': 'group',
};
