/** Sections H to L of the catalogue: the browser, the tenants, sessions, storage and abuse. */
import type { Section } from '../catalogue.ts'

export const productSections: readonly Section[] = [
  {
    letter: 'H',
    title: 'The browser',
    cases: {
      167: 'The callback address of an attacker is opened in somebody’s browser',
      168: 'Another site starts a login',
      169: 'A session id of before the login survives it',
      170: 'A CSRF token of before the sign-in survives it',
      171: 'A sibling domain plants cookies',
      172: 'A cookie name in disguise slips past the prefix',
      173: 'Cookies and a response that is posted from another site',
      174: 'Dozens of logins at once fill the cookie header',
      176: 'Several tabs finish in any order',
      177: 'Back to the callback after the login',
      178: 'The callback is requested twice',
      179: 'A posted callback is sent again',
      180: 'return_to leads elsewhere by a trick of spelling',
      182: 'Line breaks in return_to',
      184: 'return_to is huge',
      185: 'The provider bounces the browser back for ever',
      186: 'A redirect carries a posted form on to the provider',
      187: {
        title: 'The referrer tells code and state to others',
        chosen:
          'Referrer-Policy is same-origin: with no-referrer browsers would send our own forms with Origin null. Other sites see nothing.',
      },
      188: 'Our pages are framed',
      189: 'Answers are kept in caches',
      190: 'Forwarded headers change our own address',
      191: 'An odd content type slips past the checks of a body',
      192: 'No scripts, no third-party cookies, or another cookie jar',
      193: 'Malformed headers crash a handler',
    },
  },
  {
    letter: 'I',
    title: 'Tenants, identity and administration',
    cases: {
      194: 'A response for one organization is given to another',
      195: 'A session of one organization is used at another',
      196: {
        title: 'A tenant claims a domain that is not its own',
        not_applicable:
          'Nobody is led to an organization by a domain: every login names its organization. `allowed_email_domains` narrows whom an organization takes from its own provider, and opens nothing.',
      },
      197: {
        title: 'A domain is proved once and lost later',
        not_applicable: 'As above: no domain is proved, because none leads anywhere.',
      },
      198: {
        title: 'Proving one domain changes another',
        not_applicable: 'As above: no domain is proved, because none leads anywhere.',
      },
      199: 'A domain is compared by its end only',
      201: 'Characters that look alike in an e-mail address',
      202: 'An unverified e-mail address identifies a person',
      203: {
        title: 'An account is linked because of its e-mail address',
        not_applicable: 'There are no accounts to link: an identity is (connection, issuer, subject) and nothing else.',
      },
      204: {
        title: 'An account that somebody registered beforehand is linked',
        not_applicable: 'As above: nobody registers anything beforehand that a login could be linked to.',
      },
      205: {
        title: 'A proof for linking does not name the subject',
        not_applicable: 'As above: there is no linking, and so no proof for it.',
      },
      206: {
        title: 'The person edits the e-mail address at the first login',
        not_applicable: 'The person enters nothing here: name and e-mail address are those of the provider.',
      },
      207: {
        title: 'A user name equals the e-mail address of somebody else',
        not_applicable:
          'No name of a person is looked up, neither a user name nor an e-mail address: only the subject counts.',
      },
      208: 'The connection is pointed to another provider that uses the same subjects',
      209: {
        title: 'The provider makes somebody an owner',
        chosen:
          'Roles come from rules that the organization wrote; the role without a matching rule is the one that the policy names, the least privileged by default.',
      },
      210: 'A test login signs somebody in',
      211: 'A login uses settings that are not enabled',
      212: 'Settings are enabled that did not pass a test',
      213: 'Settings change after their test',
      214: 'One administrator edits while another enables',
      215: 'Two instances enable and disable at once',
      216: 'A member that is left out is cleared',
      217: 'A kept secret goes to a new issuer',
      218: 'A test sends the stored secret to an edited issuer',
      219: 'A secret shows somewhere',
      220: 'A secret is stored in the clear',
      221: 'A sealed secret is copied to another organization',
      222: 'Settings are reached without the right to',
      223: 'Anybody who is signed in may register a provider',
      224: 'Another site saves, enables, disables or deletes',
      225: {
        title: 'A stolen administrator session changes the provider',
        chosen:
          'There is no second sign-in before a change. A new issuer needs its secret entered again and a passed test before any member is sent there; a product that embeds the plugin may ask for more in authorizeAdmin.',
      },
      226: {
        title: 'Enforced sign-in locks everybody out',
        chosen:
          'Administrators never sign in through the provider that they configure; there is no other way for members, and so none to abuse.',
      },
      227: {
        title: 'The way around a broken provider is abused',
        chosen: 'The way around is the admin token: long, compared in constant time, and ten tries a minute.',
      },
      228: 'A disabled connection is still accepted somewhere',
      229: 'An error in the settings counts as signed in',
      230: 'Markup in whatever a tenant, a provider or a visitor says',
      231: 'An address that runs script is shown as a link',
      232: 'Line breaks and control characters reach the log',
      233: {
        title: 'What happened is not on record',
        chosen:
          'Changes of a connection are on record as audit events, written before they take effect, and as log lines; logins as attempts, written when they have ended.',
      },
      234: 'The name of a deleted organization is taken by another',
      235: 'An export of settings carries secrets',
    },
  },
  {
    letter: 'J',
    title: 'Session and logout',
    cases: {
      236: 'A session lives longer than it may',
      237: 'A cookie works after the logout',
      238: 'A person who was removed stays signed in',
      239: 'Somebody else signs in with the same browser',
      240: 'The clock jumps, or passes 2038',
      241: 'Another site signs a person out',
      242: 'The logout redirects elsewhere',
      243: 'A logout token without a valid signature',
      244: 'A logout token with wrong iss, aud, exp or iat',
      245: 'A logout token with a nonce',
      246: 'A logout token without the right events',
      247: 'A logout token without sub and sid',
      248: 'A logout token without jti, or with a used one',
      250: 'A logout token with the sid of another organization',
      251: 'A logout token with sub alone',
      252: 'A logout token arrives before the login is finished',
      253: 'Whether a logout token was used cannot be told',
      255: {
        title: 'A flood of logout tokens',
        chosen: 'Answered with 400, as Back-Channel Logout 1.0 knows no 429; code and Retry-After say what it is.',
      },
      256: {
        title: 'A front-channel logout by anybody',
        not_applicable: 'There is no front-channel logout: no address ends a session because another page includes it.',
      },
      257: 'A refresh token is used twice at once',
    },
  },
  {
    letter: 'K',
    title: 'Storage and several instances',
    cases: {
      258: 'A crash between the start of a login and its redirect',
      259: 'A crash between the claim of a login and its session',
      260: 'A crash between the session and its cookie',
      261: 'The store is down when a login starts',
      262: 'The store is down at the callback',
      263: 'An error of the store is read as absence',
      264: 'The store hangs',
      265: 'A write is acknowledged and lost',
      266: 'Two instances race for one login',
      267: 'Two processes share one SQLite file',
      268: 'The clocks of instances differ',
      269: 'Expired records stay',
      270: 'The sweep removes a record that was just written anew',
      272: 'One key stands for two records',
      273: 'The keys that seal secrets are rotated',
      274: 'A record of a newer version is read by an older instance',
      275: {
        title: 'A migration stops halfway',
        not_applicable:
          'Nothing is migrated: a table is made when it is absent, in one transaction, and every record carries its own format.',
      },
      276: {
        title: 'A restored backup brings back what was used',
        chosen:
          'What is restored may be older than a claim or a logout. A login lives for fifteen minutes by a time sealed in the browser, and its provider takes a code once; after a restore the session store should start empty.',
      },
      277: {
        title: 'A replica answers with an older state',
        not_applicable:
          'Everything is read from and written to the one address that is configured; there is nowhere to name a replica.',
      },
      278: {
        title: 'A failover loses the last writes',
        chosen:
          'A claim that a failover lost is granted again; the provider takes the code once, so that the second use fails there.',
      },
      279: 'The store drops records when its memory is full',
      280: 'The disk is full or read-only',
    },
  },
  {
    letter: 'L',
    title: 'Denial of service',
    cases: {
      281: 'A flood of login starts fills the store',
      282: 'A start of a login costs storage',
      283: 'A flood of callbacks with random states',
      284: 'A flood of callbacks that look right',
      285: 'One slow provider holds up the others',
      286: 'A long computation blocks everybody',
      287: 'Caches grow without end',
      288: {
        title: 'A tenant makes thousands of connections',
        not_applicable:
          'An organization has one connection, and only administrators make organizations; all lists of its policy fit into one request of bounded size.',
      },
      289: 'A flood of errors fills log and records',
      290: 'A shared request that never settles',
      291: 'Keys of a map are chosen by an attacker',
    },
  },
]
