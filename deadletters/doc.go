// Package deadletters looks at events that were refused, mends them, publishes them again and deletes them. Package triggers
// writes dead letters and package store keeps them; nothing here knows a terminal or HTTP.
package deadletters
