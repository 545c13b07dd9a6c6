package process

import (
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/workflow"

	"homeroom/workflows"
)

// NewerVersion is what a release that does not exist yet writes. Today's worker holds such a learner; see package
// workflows.
const NewerVersion = workflows.InputVersion + 1

// newerRelease makes this worker that release: it understands NewerVersion.
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

// ExecuteWorkflow reads the newer input.
func (r *newerReader) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	for i, arg := range in.Args {
		if input, ok := arg.(workflows.Input); ok && input.Version == NewerVersion {
			input.Version = workflows.InputVersion
			in.Args[i] = input
		}
	}
	return r.Next.ExecuteWorkflow(ctx, in)
}
