// Package targetstandin is a target of the channel webhook for development and tests: it checks the signatures of Standard Webhooks by code of its own, refuses what a good
// target refuses, counts the repeats of each id, and misbehaves on demand. What it took is listed as JSON at /posts.
package targetstandin
