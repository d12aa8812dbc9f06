package progress

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// words returns how an operation is printed once it has ended and in a preview, and whether it is printed at all.
// Replacements show as the creation of the new and the deletion of the old; the engine's step between is left out.
func words(op apitype.OpType) (done, planned string, shown bool) {
	switch op {
	case apitype.OpCreate:
		return "created", "create", true
	case apitype.OpUpdate:
		return "updated", "update", true
	case apitype.OpCreateReplacement:
		return "replaced", "replace", true
	case apitype.OpDelete:
		return "deleted", "delete", true
	case apitype.OpDeleteReplaced:
		return "removed", "remove", true
	case apitype.OpSame:
		return "unchanged", "unchanged", true
	case apitype.OpRead, apitype.OpReadReplacement:
		return "read", "read", true
	case apitype.OpImport, apitype.OpImportReplacement:
		return "imported", "import", true
	case apitype.OpReplace, apitype.OpRefresh, apitype.OpReadDiscard, apitype.OpDiscardReplaced,
		apitype.OpRemovePendingReplace:
		return "", "", false
	default:
		return "", "", false
	}
}

// count adds a finished operation.
func (c *Changes) count(op apitype.OpType) {
	switch op {
	case apitype.OpCreate, apitype.OpImport:
		c.Created++
	case apitype.OpUpdate:
		c.Updated++
	case apitype.OpCreateReplacement, apitype.OpImportReplacement:
		c.Replaced++
	case apitype.OpDelete:
		c.Deleted++
	case apitype.OpSame:
		c.Unchanged++
	case apitype.OpReplace, apitype.OpDeleteReplaced, apitype.OpRead, apitype.OpReadReplacement, apitype.OpRefresh,
		apitype.OpReadDiscard, apitype.OpDiscardReplaced, apitype.OpRemovePendingReplace:
		// Steps on the way to one of the others, or without effect.
	default:
	}
}

// counted reports whether the resource of a step is one of the deployment's own: neither a component, nor the stack,
// nor a provider that is made or removed.
func counted(step apitype.StepEventMetadata) bool {
	state := step.New
	if state == nil {
		state = step.Old
	}
	if state == nil || !state.Custom {
		return false
	}
	return !strings.HasPrefix(step.Type, "pulumi:providers:") ||
		step.Op == apitype.OpUpdate || step.Op == apitype.OpCreateReplacement
}
