package store

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Nobody serves a stream of which too few servers are there, whatever a server that is left still says of it: accounts.conf is not to blame.
func TestAStreamWithoutAMajorityIsNotServed(t *testing.T) {
	alive := &jetstream.PeerInfo{Active: time.Second}
	silent := &jetstream.PeerInfo{Active: 10 * time.Second}
	offline := &jetstream.PeerInfo{Offline: true}
	for _, tc := range []struct {
		name    string
		cluster *jetstream.ClusterInfo
		want    bool
	}{
		{"a server alone", nil, true},
		{"one replica in a cluster", &jetstream.ClusterInfo{Leader: "nats-1"}, true},
		{"all three", &jetstream.ClusterInfo{Leader: "nats-1", Replicas: []*jetstream.PeerInfo{alive, alive}}, true},
		{"one of three is away", &jetstream.ClusterInfo{Leader: "nats-1", Replicas: []*jetstream.PeerInfo{alive, offline}}, true},
		{"two of three are away, and one is not known to be", &jetstream.ClusterInfo{Leader: "nats-1", Replicas: []*jetstream.PeerInfo{silent, offline}}, false},
		{"no leader", &jetstream.ClusterInfo{Replicas: []*jetstream.PeerInfo{alive, alive, alive}}, false},
	} {
		if got := isServed(tc.cluster); got != tc.want {
			t.Errorf("%s: %t, want %t", tc.name, got, tc.want)
		}
	}
}
