// Package links makes and reads the addresses that learners get from Homeroom: unsubscribe, preferences, share and
// referral links. What a link says is sealed: nobody can make one for somebody else, and nobody who sees one learns
// whose it is, even where learner ids are addresses.
//
//	/u/<token>   leave a topic, or everything (RFC 8058)
//	/p/<token>   the learner's preferences
//	/s/<token>   a share link: of a message, or the page that a post leads to
//	/r/<code>    a learner's referral link
//
// A token is base64url without padding of key id (4 bytes), nonce (12), and AES-256-GCM of expiry (4, Unix seconds) and
// content. The nonce is derived from what is sealed, so the same send always has the same link. Every kind of link has
// keys of its own, derived from the installation's secret.
//
// The package is pure: it must not know stores, servers, or what happens behind a link.
package links
