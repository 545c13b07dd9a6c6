package codec

import (
	"context"
	"fmt"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Apply makes a client, and the workers on it, encrypt and decrypt: payloads, and the messages of failures.
func (c *Codec) Apply(o *client.Options) {
	o.DataConverter = c.DataConverter()
	o.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c),
		EncodeCommonAttributes: true,
	})
}

// DataConverter is the SDK's default one with this codec. In a workflow what cannot be decrypted is a panic: the task is
// held until a worker has the key. An error would make the SDK drop a signal, which loses events, or fail the run,
// which loses the learner.
func (c *Codec) DataConverter() converter.DataConverter {
	plain := converter.GetDefaultDataConverter()
	return contextAware{
		DataConverter: converter.NewCodecDataConverter(plain, c),
		inWorkflow:    converter.NewCodecDataConverter(plain, panickingCodec{c}),
	}
}

// contextAware uses inWorkflow in workflows, and the embedded converter elsewhere.
type contextAware struct {
	converter.DataConverter
	inWorkflow converter.DataConverter
}

var _ workflow.ContextAware = contextAware{}

// WithWorkflowContext implements workflow.ContextAware.
func (a contextAware) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return a.inWorkflow
}

// WithContext implements workflow.ContextAware.
func (a contextAware) WithContext(context.Context) converter.DataConverter { return a }

// panickingCodec panics where the codec returns an error.
type panickingCodec struct{ *Codec }

// Encode implements converter.PayloadCodec.
func (h panickingCodec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	return panicOnError(h.Codec.Encode(payloads))
}

// Decode implements converter.PayloadCodec.
func (h panickingCodec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return panicOnError(h.Codec.Decode(payloads))
}

func panicOnError(payloads []*common.Payload, err error) ([]*common.Payload, error) {
	if err != nil {
		panic(fmt.Sprintf("the workflow waits for a worker that can read it: %v", err))
	}
	return payloads, nil
}
