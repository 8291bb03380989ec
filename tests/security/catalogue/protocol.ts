/** Sections A to G of the catalogue: what travels between us, the browser and the provider. */
import type { Section } from '../catalogue.ts'

export const protocolSections: readonly Section[] = [
  {
    letter: 'A',
    title: 'Authorization Request and Response',
    cases: {
      1: 'The response has no state',
      2: 'The state is one that nobody was given',
      3: 'The state has a shape that no state of ours has',
      4: 'The response arrives in another browser than the one that asked',
      5: 'A response that was used comes again',
      6: 'Finding the state is taken for proof of the browser',
      7: 'A parameter of the response comes twice',
      8: 'Query parsers turn parameters into arrays, objects or prototypes',
      9: 'The response has a code and an error',
      10: 'The response has neither a code nor an error',
      11: 'An error comes without a state, or with the state of somebody else',
      12: 'The person says no at the provider',
      13: 'The description of an error is huge, or made to run or to mislead',
      14: 'The code is empty, huge or full of odd characters',
      15: 'The response comes in another mode than the one asked for',
      16: 'Tokens come through the browser',
      17: 'A response comes that nobody asked for',
      18: 'A third party starts a login with values of its own',
      19: 'Somebody takes the nonce or the code challenge out of our request',
      20: 'State, nonce or verifier can be guessed',
      21: 'One state serves several logins',
      22: 'A caller adds or overrides parameters of our request',
      24: 'The response comes after the login has expired',
    },
  },
  {
    letter: 'B',
    title: 'Mix-up of providers and tenants',
    cases: {
      25: 'A code of an honest provider comes back to a login at a malicious one',
      26: 'The response names another issuer',
      27: 'The provider promises to name its issuer, and the response does not',
      28: 'The response names a wrong issuer although the provider promised none',
      29: 'A provider sends the browser on to another organization’s provider with our state',
      30: 'The organization is taken from the address alone',
      31: 'A login that one person began is finished by another',
      32: 'Values that were made for one connection are used at another',
      33: 'Two organizations use the same issuer and client',
      34: 'A tenant claims an issuer that is not its own',
      35: 'The id of a connection collides with another name',
      36: 'The connection is looked up by what the token says',
      38: {
        title: 'A provider’s metadata points to endpoints of another provider',
        chosen:
          'The audience of a client assertion is the token endpoint that it is sent to, which is what Okta asks for. Every connection has a key of its own, so that an assertion is of use nowhere else.',
      },
      39: {
        title: 'The endpoints of one metadata document belong to different providers',
        chosen:
          'Nobody is warned: honest providers spread their endpoints over several hosts. The redirect URI of the organization and iss keep the code where it belongs.',
      },
      40: 'A connection is deleted and made anew while a login is under way',
      41: 'The token endpoint answers with the ID Token of somebody else',
    },
  },
  {
    letter: 'C',
    title: 'Claims of the ID Token',
    cases: {
      42: 'iss differs in a slash, case, port or scheme',
      43: 'iss is missing or no string',
      44: {
        title: 'The issuer is a template for many tenants',
        chosen: 'A template is no issuer: a connection names the issuer of its one tenant.',
      },
      45: 'aud is another client',
      46: 'aud names further audiences',
      47: 'aud is a list without us, or no list of strings',
      48: 'aud resembles our client id',
      49: 'azp is another client',
      50: 'exp is missing',
      51: 'exp is past, exactly at and around the tolerance',
      53: 'iat is missing',
      54: 'iat lies in the future',
      55: 'iat lies far in the past',
      56: 'nbf lies in the future',
      57: 'The nonce is missing, another one or no string',
      58: {
        title: 'There is a nonce where none was sent',
        chosen: 'Every login sends one. A refresh sends none: a nonce in its ID Token must be that of the login.',
      },
      59: 'An ID Token of an earlier login comes again',
      61: 'Two values of sub differ only in case',
      62: 'at_hash is wrong, or its hash is unknown',
      63: {
        title: 'c_hash is wrong',
        chosen: 'There is no hybrid flow. A c_hash that is present is checked all the same.',
      },
      64: 'auth_time is missing or too old for the max_age asked for',
      65: {
        title: 'acr or amr is less than what was demanded',
        chosen:
          'acr can be demanded (acr_values). amr cannot: no request parameter asks for it, and providers agree on no values.',
      },
      66: 'email_verified is something else than true',
      67: 'Claims are named like members of every object',
      71: 'Hundreds of groups, huge values, claims that live elsewhere',
      72: 'The claim for roles is no list of strings',
      73: 'Claims are used before every check has passed',
    },
  },
  {
    letter: 'D',
    title: 'Signature and JOSE',
    cases: {
      74: 'alg is none, however it is spelled',
      75: 'The public key is used as an HMAC secret',
      76: 'HS256 with the client secret where a public key is expected',
      77: 'A key without alg lets the token choose',
      78: 'The unprotected header, JSON serialization',
      79: 'The key does not fit the algorithm',
      80: 'ECDSA signatures that are zero, DER or of a wrong length',
      82: 'No kid, one key fits',
      83: 'No kid, several keys fit',
      84: 'One kid names several keys',
      86: 'The header brings or points to a key of its own',
      87: 'crit names something unknown, something standard or nothing',
      88: 'The payload is not encoded (b64)',
      90: 'Another kind of token is presented as an ID Token',
      91: {
        title: 'The token is encrypted',
        chosen:
          'An encrypted ID Token is refused before anything of it is computed: no connection has a key to decrypt with.',
      },
      92: {
        title: 'The token is compressed',
        chosen:
          'An encrypted ID Token is refused before anything of it is computed: no connection has a key to decrypt with.',
      },
      93: {
        title: 'Encryption algorithms with known attacks',
        chosen:
          'An encrypted ID Token is refused before anything of it is computed: no connection has a key to decrypt with.',
      },
      94: 'A token within a token',
      95: 'The token is huge, or of ten thousand parts',
      96: 'Weak or symmetric keys among the provider’s keys',
      97: 'Keys of enormous size',
      98: {
        title: 'Private keys or encryption keys among the provider’s keys',
        chosen:
          'Private halves are dropped at the door and never kept. No rule refuses such a sign-in: a test and `relying-party doctor` warn of it.',
      },
      99: 'The signature is not checked because the token came over TLS',
    },
  },
  {
    letter: 'E',
    title: 'Discovery, keys and every outbound request',
    cases: {
      100: 'The document names another issuer',
      101: {
        title: 'The issuer differs from the document’s in a trailing slash',
        chosen: 'Both values are shown to the administrator. Nothing is corrected silently.',
      },
      102: 'The address of the document is pasted as issuer',
      104: 'Plain http anywhere',
      105: 'A redirect is answered',
      106: 'Spellings of loopback in IPv4',
      107: 'Special addresses in IPv6 and IPv4 inside IPv6',
      108: 'Metadata services of clouds',
      109: 'Shared, reserved, multicast and benchmark ranges',
      110: 'A name changes its address between check and use',
      111: 'A name has public and private addresses',
      112: 'The endpoints of a public document are private',
      113: 'A provider in the private network is wanted',
      114: 'Odd ports and schemes',
      115: {
        title: 'Proxy variables of the environment',
        chosen: 'They are ignored: connections are made directly, to the address that was checked.',
      },
      116: 'The certificate is wrong',
      117: 'The answer never ends, or drips',
      118: 'The answer is huge and does not say so',
      120: 'The answer is of another content type',
      121: {
        title: 'The answer is JSON but no object, or no JSON',
        chosen: 'Of a member that stands twice the last one counts, as RFC 7515 allows; every reader here reads alike.',
      },
      122: 'Members of the metadata are named like members of every object',
      123: 'Required metadata is missing or of a wrong type',
      124: 'The authorization endpoint is no plain https address',
      125: 'The provider lacks what a login needs',
      126: {
        title: 'The document changes between test and login',
        chosen:
          'What the issuer itself says today counts, without another test: endpoints that are pinned would be an outage whenever a provider moves. Another issuer is refused.',
      },
      127: 'The provider is down when somebody signs in',
      128: 'Keys are rotated in the middle of a login',
      129: 'A storm of unknown key ids',
      130: {
        title: 'The record of when keys were fetched last is unavailable',
        not_applicable:
          'the record lives in the memory of the process, beside the keys themselves: it cannot fail apart from them',
      },
      132: 'A key was withdrawn and is still in our cache',
      133: 'Thousands of headers, cookies and other instructions in headers',
      134: {
        title: 'A tenant learns from errors what is in our network',
        chosen:
          'The code tells a forbidden address from one that nobody answers at, because the operator has to open the former; which address, port or error it was stands in the operator’s log alone.',
      },
      135: 'An anonymous request makes us fetch an address of its choice',
      136: 'Hundreds of first logins at once',
    },
  },
  {
    letter: 'F',
    title: 'Token Request and Response',
    cases: {
      137: {
        title: 'The connection is refused, nothing was sent',
        chosen:
          'Nothing is tried again by itself: the person begins anew with a fresh code, and nothing can be sent twice.',
      },
      138: 'No answer to a request that was sent',
      139: 'The answer breaks off',
      140: 'The provider fails (5xx)',
      141: {
        title: 'The provider asks us to wait (429)',
        chosen: 'Nobody waits for a provider: the person is told, and begins anew.',
      },
      142: 'invalid_grant',
      143: {
        title: 'invalid_client',
        chosen:
          'One exception, and a deliberate one: a second client secret that the administrator staged presents the same code when the first secret was refused.',
      },
      144: 'An error that calls itself 200',
      145: 'The answer is empty, HTML or of another content type',
      146: 'Spellings and kinds of token_type',
      147: 'access_token is missing or no string',
      148: 'id_token is missing',
      149: {
        title: 'expires_in is no sensible number',
        chosen:
          'A number in a text is read as one, anything else that is no positive number is refused; how long a session lasts never depends on it.',
      },
      151: 'Unknown members, large ones',
      152: 'The token endpoint redirects',
      154: 'The way of client authentication is not the provider’s',
      155: 'One callback twice at the same time',
      156: 'We crash after the login was claimed',
      157: 'redirect_uri differs between the two requests',
      158: 'The provider ignores PKCE',
      159: 'A client assertion is used twice',
    },
  },
  {
    letter: 'G',
    title: 'UserInfo',
    cases: {
      160: 'UserInfo speaks of another sub',
      161: 'UserInfo has no sub',
      162: {
        title: 'UserInfo is down while the ID Token is good',
        chosen:
          'A connection that needs UserInfo fails without it; one that does not need it asks for nothing (userinfo: never).',
      },
      163: {
        title: 'UserInfo is a signed token, and wrong',
        chosen: 'Signed answers are not asked for and not understood: whatever calls itself one is refused.',
      },
      164: 'UserInfo is no JSON object, an error or a redirect',
      165: 'UserInfo says otherwise than the ID Token',
      166: {
        title: 'The access token goes to an endpoint that nobody tested',
        chosen:
          'As with any endpoint, what the issuer itself says today counts (case 126); private addresses are never called.',
      },
    },
  },
]
