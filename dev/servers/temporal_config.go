package servers

import (
	"maps"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/primitives"
)

const (
	clusterName               = "active"
	runStore, visibilityStore = "runs", "visibility"
	// Fixed, so that a database can be opened again.
	clusterID = "6c1f3f2e-6f57-4a53-9d7a-0b6f0f1d7a11"
)

// ports of the services of one server; only the frontend's is anybody else's business.
type ports struct{ frontend, history, matching, worker int }

func pickPorts(frontend int) (ports, error) {
	free, err := freePorts(4)
	if err != nil {
		return ports{}, err
	}
	if frontend != 0 {
		free[0] = frontend
	}
	return ports{frontend: free[0], history: free[1], matching: free[2], worker: free[3]}, nil
}

// serverConfig is one Temporal cluster in one process.
func serverConfig(d *databases, p ports) *config.Config {
	service := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback}}
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback}},
		Persistence: config.Persistence{
			DefaultStore:     runStore,
			VisibilityStore:  visibilityStore,
			NumHistoryShards: d.shards,
			DataStores:       map[string]config.DataStore{runStore: {SQL: d.runs}, visibilityStore: {SQL: d.visibility}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {
					Enabled:                true,
					InitialFailoverVersion: 1,
					RPCAddress:             loopbackAddress(p.frontend),
					ClusterID:              clusterID,
				},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services: map[string]config.Service{
			string(primitives.FrontendService): service(p.frontend),
			string(primitives.HistoryService):  service(p.history),
			string(primitives.MatchingService): service(p.matching),
			string(primitives.WorkerService):   service(p.worker),
		},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{
			Archival: config.ArchivalNamespaceDefaults{
				History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
				Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
			},
		},
		PublicClient: config.PublicClient{HostPort: loopbackAddress(p.frontend)},
	}
}

// dynamicConfig lifts the limits that protect a shared cluster from its tenants: here is one tenant, and the database is the
// limit. Nothing may call home.
func dynamicConfig(shards int32, overrides map[string]any) dynamicconfig.StaticClient {
	const plenty = 100_000 // requests per second
	// A shard polls each of its queues so many times a second; Temporal's default is 20. Where one shard has the work of all, each task of more than ten
	// messages a second waited 40 ms with 20, and with 1,000 job B of the bench passed a tenth fewer messages: more polls find less each. Nobody waits for
	// visibility. With several shards on PostgreSQL (bench --scale) so many tasks piled up with 20 that requests ran into their deadlines.
	polls := 100
	visibilityPolls := 20
	if shards > 1 {
		polls = 1_000
		visibilityPolls = 1_000
	}
	settings := map[string]any{
		dynamicconfig.FrontendRPS.Key().String():                                  plenty,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key().String():           plenty,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key().String(): 1_000,
		dynamicconfig.HistoryRPS.Key().String():                                   plenty,
		dynamicconfig.MatchingRPS.Key().String():                                  plenty,
		dynamicconfig.FrontendPersistenceMaxQPS.Key().String():                    plenty,
		dynamicconfig.HistoryPersistenceMaxQPS.Key().String():                     plenty,
		dynamicconfig.MatchingPersistenceMaxQPS.Key().String():                    plenty,
		dynamicconfig.TransferProcessorMaxPollRPS.Key().String():                  polls,
		dynamicconfig.TimerProcessorMaxPollRPS.Key().String():                     polls,
		dynamicconfig.VisibilityProcessorMaxPollRPS.Key().String():                visibilityPolls,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key().String():                 8_192, // workflows held in memory
		// On one machine several partitions of a queue only forward tasks to each other.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key().String():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key().String(): 1,
		dynamicconfig.TimerProcessorMaxTimeShift.Key().String():          time.Millisecond, // by default a timer may be a second late
		dynamicconfig.EnableServerVersionCheck.Key().String():            false,
		// These workers clean up big clusters. They poll all day, and Temporal does not stop them with the server.
		dynamicconfig.EnableParentClosePolicyWorker.Key().String(): false,
		dynamicconfig.TaskQueueScannerEnabled.Key().String():       false,
		dynamicconfig.HistoryScannerEnabled.Key().String():         false,
	}
	maps.Copy(settings, overrides)
	client := make(dynamicconfig.StaticClient, len(settings))
	for name, value := range settings {
		client[dynamicconfig.MakeKey(name)] = value
	}
	return client
}
