// Package codec encrypts what Temporal stores of Homeroom: inputs, signals, results, states, summaries and failures of
// workflows, each as one payload with AES-256-GCM. Workflow ids and search attributes stay readable; they hold ids and
// no personal data.
//
// Several keys may be given. The first encrypts, all decrypt, so that a key is replaced by putting the new one in front,
// and removed when the last history that was written with it is gone. The metadata of a payload names its key:
//
//	encoding            binary/encrypted
//	encryption-key-id   16 hex digits, a hash of the key
//
// The data are one byte of version (1), 16 random bytes from which with the key the payload's own key is derived
// (HMAC-SHA-256), 12 random bytes of nonce, and the sealed payload with its metadata. A key per payload means that the
// number of payloads under one key is not bounded by the length of the nonce. The key id is authenticated too.
//
// Payloads that are not encrypted pass as they are, so that encryption can be switched on while learners are under way.
// It hides what is stored; it does not keep somebody who may write to Temporal from writing a payload in the clear.
//
// The package must not know what is in a payload.
package codec
