package config

// Preset is a size of a pod, for whoever does not want to say each amount.
type Preset string

// The presets.
const (
	SmallPod  Preset = "small"
	MediumPod Preset = "medium"
	LargePod  Preset = "large"
)

// Values lists the presets.
func (Preset) Values() []string {
	return []string{string(SmallPod), string(MediumPod), string(LargePod)}
}

// presets are what each stands for.
var presets = map[Preset]Resources{
	SmallPod: {
		Requests: Requests{CPU: "50m", Memory: "128Mi", EphemeralStorage: "64Mi"},
		Limits:   Limits{CPU: "500m", Memory: "256Mi", EphemeralStorage: "256Mi"},
	},
	MediumPod: {
		Requests: Requests{CPU: "250m", Memory: "256Mi", EphemeralStorage: "128Mi"},
		Limits:   Limits{CPU: "1", Memory: "512Mi", EphemeralStorage: "512Mi"},
	},
	LargePod: {
		Requests: Requests{CPU: "500m", Memory: "512Mi", EphemeralStorage: "256Mi"},
		Limits:   Limits{CPU: "2", Memory: "1Gi", EphemeralStorage: "1Gi"},
	},
}

// completeResources fills in what is not said: limits from the preset, and requests from limits that were said, else
// from the preset too.
func completeResources(r *Resources, path string, absent map[string]bool) {
	preset := presets[r.Preset]
	from := preset.amounts()
	for i, amount := range r.amounts() {
		limited := !absent[at(path, "limits", amount.key)]
		if !limited {
			*amount.limit = *from[i].limit
		}
		if !absent[at(path, "requests", amount.key)] {
			continue
		}
		*amount.request = *amount.limit
		if !limited {
			*amount.request = *from[i].request
		}
	}
}
