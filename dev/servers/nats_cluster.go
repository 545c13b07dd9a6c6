package servers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// NATSClusterOptions describe several NATS servers that keep replicas of each other's streams.
type NATSClusterOptions struct {
	Nodes int          // 3 or 5
	Dir   string       // each node keeps its streams in a directory of its own below it; empty: temporary ones that Stop removes
	Log   *slog.Logger // receives errors; nil drops them
}

// NATSCluster is a running cluster of NATS servers.
type NATSCluster struct {
	nodes []*NATS
}

// StartNATSCluster starts the servers, on free ports, and returns when all take part in JetStream, so that streams with as many replicas can be created, or an
// error when ctx ends first.
func StartNATSCluster(ctx context.Context, o NATSClusterOptions) (*NATSCluster, error) {
	ports, err := freePorts(o.Nodes)
	if err != nil {
		return nil, fmt.Errorf("start a cluster of NATS: %w", err)
	}
	c := &NATSCluster{}
	if err := c.startNodes(ctx, o, ports); err != nil {
		go func() { _ = c.Stop(context.WithoutCancel(ctx)) }()
		return nil, err
	}
	return c, nil
}

// startNodes starts a node for each of the ports, on which the nodes connect to each other.
func (c *NATSCluster) startNodes(ctx context.Context, o NATSClusterOptions, ports []int) error {
	var routes []*url.URL
	for _, port := range ports {
		routes = append(routes, &url.URL{Scheme: "nats-route", Host: loopbackAddress(port)})
	}
	for i, port := range ports {
		name := fmt.Sprintf("homeroom-dev-%d", i+1)
		options := NATSOptions{Log: o.Log}
		if o.Dir != "" {
			options.Dir = filepath.Join(o.Dir, name)
		}
		node, err := startNode(ctx, options, natsNode{
			name:    name,
			cluster: server.ClusterOpts{Name: "homeroom-dev", Host: loopback, Port: port},
			routes:  routes,
		})
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, node)
	}
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for !c.isComplete() {
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("start a cluster of NATS: the nodes do not find each other: %w", ctx.Err())
		}
	}
	return nil
}

// isComplete reports whether one node leads JetStream, knows all nodes, and the others follow it.
func (c *NATSCluster) isComplete() bool {
	led := false
	for _, node := range c.nodes {
		if node.server.JetStreamIsLeader() {
			led = len(node.server.JetStreamClusterPeers()) == len(c.nodes)
			continue
		}
		if !node.server.JetStreamIsCurrent() {
			return false
		}
	}
	return led
}

// URL is where clients connect: the nodes' addresses, separated by commas.
func (c *NATSCluster) URL() string {
	var urls []string
	for _, node := range c.nodes {
		urls = append(urls, node.URL())
	}
	return strings.Join(urls, ",")
}

// Stop stops the nodes, one after the other. It may be called twice and returns no later than ctx ends.
func (c *NATSCluster) Stop(ctx context.Context) error {
	var errs []error
	for _, node := range c.nodes {
		errs = append(errs, node.Stop(ctx))
	}
	return errors.Join(errs...)
}
