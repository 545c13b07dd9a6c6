package process

import (
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"homeroom/workflows"
)

// NewerVersion is the version of an input that only a later release can read. Today's worker keeps such a learner waiting;
// see package workflows.
const NewerVersion = workflows.InputVersion + 1

// newerRelease is an interceptor that makes this worker read NewerVersion.
type newerRelease struct {
	interceptor.ClientInterceptorBase
	interceptor.WorkerInterceptorBase
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (*newerRelease) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &newerReader{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type newerReader struct {
	interceptor.WorkflowInboundInterceptorBase
}

// ExecuteWorkflow passes an input of NewerVersion on as one of the current version.
func (r *newerReader) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	for i, arg := range in.Args {
		if input, ok := arg.(workflows.Input); ok && input.Version == NewerVersion {
			input.Version = workflows.InputVersion
			in.Args[i] = input
		}
	}
	return r.Next.ExecuteWorkflow(ctx, in)
}
