// Package pushstandin is a stand-in for Firebase Cloud Messaging's HTTP API v1 and for Google's token server, for development and tests: it checks the signature of the service account, the
// access token, and every field of a message by code of its own, refuses what Firebase refuses, lets tokens expire, and misbehaves on demand. It recognizes no repeat, as
// Firebase does not, but counts them. What it took is listed as JSON at /pushes.
package pushstandin
