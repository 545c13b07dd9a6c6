// Package deploytest checks what deploys Homeroom without what it deploys to: the Helm chart is rendered by Helm's own library and decoded into
// Kubernetes' own types, and the unit of systemd is read by systemd-analyze.
package deploytest
