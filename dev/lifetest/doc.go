// Package lifetest lives through the life of a learner's workflow on an embedded Temporal and NATS: awake, resting, retired
// and revived; through storms of events while runs end, and crashes in between. Its benchmarks measure what each stage costs:
//
//	go test ./dev/lifetest -run '^$' -bench . -benchtime 1x
//
// It hands events over as triggers do, without them: what is measured is the workflow.
package lifetest
