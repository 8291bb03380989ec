/** What the checks on the policy find, situation by situation. That they agree with the judge is in `opinions.test.ts`. */
import { eachFinds, engineers, finished, minted, under } from '../support/findings.ts'
import { json, metadata, mint, tokenBody } from '../support/provider.ts'

eachFinds(
  {
    policy_email: [
      [
        'empty, and UserInfo might be asked',
        under({ allowed_email_domains: ['acme.example'] }, { email: '' }),
        'failed policy_email_missing',
      ],
      ['not looked at', {}, 'does not apply'],
      ['not reached', minted({ claims: { sub: undefined, email: undefined } }), 'not reached'],
      ['there', under({ allowed_email_domains: ['acme.example'] }), 'passed'],
      [
        'empty',
        under({ allowed_email_domains: ['acme.example'] }, { email: '' }, { userinfo: 'never' }),
        'failed policy_email_missing, claims_only_at_userinfo',
      ],
      [
        'a number',
        under({ allowed_email_domains: ['acme.example'] }, { email: 5 }, { userinfo: 'never' }),
        'failed policy_email_missing, claims_only_at_userinfo',
      ],
      [
        'no scope for it',
        under({ allowed_email_domains: ['acme.example'] }, { email: '' }, { scope: 'openid xemail' }),
        'failed policy_email_missing, email_scope_missing (openid xemail email)',
      ],
      [
        'none, after UserInfo',
        {
          ...under({ allowed_email_domains: ['acme.example'] }, { email: undefined }),
          answers: { ...under({}, { email: undefined }).answers, userinfo: json({ sub: 'user-1' }) },
        },
        'failed policy_email_missing',
      ],
      [
        'none, and no UserInfo there',
        {
          ...under({ allowed_email_domains: ['acme.example'] }, { email: '' }, { userinfo: 'never' }),
          answers: {
            ...under({}, { email: '' }).answers,
            provider_metadata: json({ ...metadata, userinfo_endpoint: undefined }),
          },
        },
        'failed policy_email_missing',
      ],
    ],
    policy_email_verified: [
      ['it is', {}, 'passed'],
      ['no address', under({}, { email: undefined }, { scope: 'openid' }), 'does not apply'],
      [
        'not, and nobody looks',
        under({}, { email_verified: false }),
        'warned as odd, email_not_verified; expected true; actual false',
      ],
      [
        'a text, and nobody looks',
        under({}, { email_verified: 'true' }),
        'warned as odd, email_verified_is_text; expected true; actual true',
      ],
      [
        'denied as a text',
        under({}, { email_verified: 'false' }),
        'warned as odd, email_not_verified; expected true; actual false',
      ],
      [
        'not said',
        under({}, { email_verified: undefined }, { userinfo: 'never' }),
        'warned as odd, email_verified_missing; expected true; actual nothing',
      ],
      [
        'of no kind',
        under({ allowed_email_domains: ['acme.example'] }, { email_verified: 1 }),
        'failed policy_email_not_verified, email_verified_missing; expected true; actual 1',
      ],
    ],
    policy_email_domain: [
      [
        'any account of Google',
        {
          rp: { issuer: 'https://accounts.google.com', client: {} },
          answers: {
            provider_metadata: json({ ...metadata, issuer: 'https://accounts.google.com' }),
            token: json(tokenBody({ id_token: mint({ claims: { iss: 'https://accounts.google.com', ...{} } }) })),
          },
        },
        'warned as odd, google_any_account',
      ],
      [
        'accounts of Google of one organization',
        {
          rp: { issuer: 'https://accounts.google.com', client: { authorization_parameters: { hd: 'acme.example' } } },
          answers: {
            provider_metadata: json({ ...metadata, issuer: 'https://accounts.google.com' }),
            token: json(
              tokenBody({
                id_token: mint({ claims: { iss: 'https://accounts.google.com', ...{ hd: 'acme.example' } } }),
              }),
            ),
          },
        },
        'does not apply',
      ],
      [
        'accounts of Google of another organization',
        {
          rp: { issuer: 'https://accounts.google.com', client: { authorization_parameters: { hd: 'acme.example' } } },
          answers: {
            provider_metadata: json({ ...metadata, issuer: 'https://accounts.google.com' }),
            token: json(
              tokenBody({
                id_token: mint({ claims: { iss: 'https://accounts.google.com', ...{ hd: 'other.example' } } }),
              }),
            ),
          },
        },
        'warned as odd, google_any_account',
      ],
      [
        'accounts of Google, one organization asked for',
        {
          rp: { issuer: 'https://accounts.google.com', client: { authorization_parameters: {} } },
          answers: {
            provider_metadata: json({ ...metadata, issuer: 'https://accounts.google.com' }),
            token: json(tokenBody({ id_token: mint({ claims: { iss: 'https://accounts.google.com', ...{} } }) })),
          },
        },
        'warned as odd, google_any_account',
      ],
      ['any', {}, 'does not apply'],
      [
        'allowed',
        under({ allowed_email_domains: ['other.example', 'acme.example'] }),
        'passed; expected other.example, acme.example; actual acme.example',
      ],
      [
        'another',
        under({ allowed_email_domains: ['other.example', 'third.example'] }),
        'failed policy_email_domain_not_allowed; expected other.example, third.example; actual acme.example',
      ],
      [
        'another, of a test',
        { ...under({ allowed_email_domains: ['other.example'] }), requested: { purpose: 'test' } },
        'warned policy_email_domain_not_allowed; expected other.example; actual acme.example',
      ],
      [
        'of no domain',
        under({ allowed_email_domains: ['other.example'] }, { email: 'x' }),
        'failed policy_email_domain_not_allowed; expected other.example; actual none',
      ],
      ['not verified', under({ allowed_email_domains: ['acme.example'] }, { email_verified: false }), 'does not apply'],
      [
        'no address',
        under({ allowed_email_domains: ['acme.example'] }, { email: '' }, { userinfo: 'never' }),
        'does not apply',
      ],
    ],
    policy_role: [
      [
        'by no rule, though capital letters would be the same',
        under(
          { role_mapping: { claim: 'groups', rules: [{ value: 'Straße', role: 'admin' }] }, default_role: null },
          { groups: ['STRASSE'] },
        ),
        'failed policy_role_not_mapped, groups_without_rule; expected Straße; actual STRASSE',
      ],
      [
        'by one of two rules',
        under(
          {
            role_mapping: {
              claim: 'groups',
              rules: [
                { value: 'a', role: 'admin' },
                { value: 'b', role: 'admin' },
              ],
            },
          },
          { groups: ['b'] },
        ),
        'passed; actual b',
      ],
      [
        'almost by one of two rules',
        under(
          {
            role_mapping: {
              claim: 'groups',
              rules: [
                { value: 'a', role: 'admin' },
                { value: 'b', role: 'admin' },
              ],
            },
          },
          { groups: ['B'] },
        ),
        'warned as odd, groups_letter_case (B); expected a, b; actual B: read',
      ],
      ['the default', {}, 'passed; actual read'],
      ['none', under({ default_role: null }), 'failed policy_role_not_mapped; expected a default role; actual no role'],
      ['by a rule', under(engineers, { groups: ['x', 'Engineering'] }), 'passed; actual x, Engineering'],
      [
        'by no rule',
        under({ ...engineers, default_role: null }, { groups: ['x', 'y'] }),
        'failed policy_role_not_mapped, groups_without_rule; expected Engineering; actual x, y',
      ],
      [
        'of nobody in any group',
        under({ ...engineers, default_role: null }, { groups: [] }),
        'failed policy_role_not_mapped, groups_without_rule; expected Engineering; actual no groups',
      ],
      ['of nobody in any group, so the default', under(engineers, { groups: [] }), 'passed; actual read'],
      [
        'of groups that are numbers',
        under(engineers, { groups: [1, 2] }),
        'warned as odd, groups_claim_not_a_list (groups); expected Engineering; actual no groups: read',
      ],
      [
        'of groups that are null',
        under(engineers, { groups: null }),
        'warned as odd, groups_claim_not_a_list (groups); expected Engineering; actual no groups: read',
      ],
      ['by no rule, so the default', under(engineers, { groups: ['x'] }), 'passed; actual read'],
      [
        'almost by a rule',
        under(engineers, { groups: ['x', ' ENGINEERING'] }),
        'warned as odd, groups_letter_case ( ENGINEERING); expected Engineering; actual x,  ENGINEERING: read',
      ],
      [
        'no claim, and UserInfo is never asked',
        under(engineers, {}, { userinfo: 'never' }),
        'warned as odd, claims_only_at_userinfo; expected Engineering; actual no groups: read',
      ],
      [
        'no claim, after UserInfo',
        { ...under(engineers), answers: { userinfo: json({ sub: 'user-1' }) } },
        'warned as odd, groups_claim_missing (groups); expected Engineering; actual no groups: read',
      ],
      [
        'too many groups',
        under(engineers, { groups: {}, _claim_names: { groups: 'x' } }),
        'warned as odd, groups_too_many; expected Engineering; actual no groups: read',
      ],
      [
        'other claims elsewhere',
        under(engineers, { groups: {}, _claim_names: { other: 'x' } }, { userinfo: 'never' }),
        'warned as odd, groups_claim_not_a_list (groups); expected Engineering; actual no groups: read',
      ],
      [
        'claims elsewhere, of no kind',
        under(engineers, { groups: {}, _claim_names: 'groups' }, { userinfo: 'never' }),
        'warned as odd, groups_claim_not_a_list (groups); expected Engineering; actual no groups: read',
      ],
      [
        'claims elsewhere, null',
        under(engineers, { groups: {}, _claim_names: null }, { userinfo: 'never' }),
        'warned as odd, groups_claim_not_a_list (groups); expected Engineering; actual no groups: read',
      ],
      [
        'hasgroups',
        under(engineers, { groups: {}, hasgroups: true }),
        'warned as odd, groups_too_many; expected Engineering; actual no groups: read',
      ],
      [
        'on a path that is not there',
        {
          rp: { policy: { role_mapping: { claim: 'realm.roles', rules: [{ value: 'a', role: 'admin' }] } } },
          answers: { userinfo: json({ sub: 'user-1', realm: {} }) },
        },
        'warned as odd, groups_claim_missing (realm.roles); expected a; actual no realm.roles: read',
      ],
    ],
  },
  finished,
)
