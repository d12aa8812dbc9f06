package workload

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Claim is the volume that each pod of a StatefulSet has for itself. The set ignores changes of its templates, which
// cannot change ([Claim.Ignored]): volumes grow by their claims ([Claim.Grow]).
type Claim struct {
	// Name is that of the pod's volume.
	Name string
	// Storage is the size, a quantity of bytes.
	Storage string
	// StorageClass is empty for the cluster's default.
	StorageClass string
	// Retain keeps the volumes when the set is destroyed.
	Retain bool
	// RetainScaled keeps the volume of a pod that is scaled away.
	RetainScaled bool
}

// Ignored is the option of a set with the claim.
func (Claim) Ignored() pulumi.ResourceOption {
	return pulumi.IgnoreChanges([]string{"spec.volumeClaimTemplates"})
}

// Templates are the set's, for new pods.
func (c Claim) Templates() corev1.PersistentVolumeClaimTypeArray {
	spec := corev1.PersistentVolumeClaimSpecArgs{
		AccessModes: pulumi.StringArray{pulumi.String("ReadWriteOnce")},
		Resources: corev1.VolumeResourceRequirementsArgs{
			Requests: pulumi.StringMap{"storage": pulumi.String(c.Storage)},
		},
	}
	if c.StorageClass != "" {
		spec.StorageClassName = pulumi.String(c.StorageClass)
	}
	return corev1.PersistentVolumeClaimTypeArray{corev1.PersistentVolumeClaimTypeArgs{
		Metadata: metav1.ObjectMetaArgs{Name: pulumi.String(c.Name)}, Spec: spec,
	}}
}

// Policy says what becomes of the volumes.
func (c Claim) Policy() appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs {
	kept := func(retain bool) pulumi.String {
		if retain {
			return "Retain"
		}
		return "Delete"
	}
	return appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
		WhenDeleted: kept(c.Retain), WhenScaled: kept(c.RetainScaled),
	}
}

// Grow gives the claims of a set's pods that are there the size that is declared: templates count for new ones. The
// set is the workload's own; opts go to each patch.
func (c Claim) Grow(ctx *pulumi.Context, id ID, pods int, opts ...pulumi.ResourceOption) error {
	for i := range pods {
		name := fmt.Sprintf("%s-%s-%d", c.Name, id.Name, i)
		_, err := corev1.NewPersistentVolumeClaimPatch(ctx, id.Name+"-size-"+fmt.Sprint(i),
			&corev1.PersistentVolumeClaimPatchArgs{
				Metadata: metav1.ObjectMetaPatchArgs{
					Name: pulumi.String(name), Namespace: pulumi.String(id.Namespace),
					Annotations: pulumi.StringMap{"pulumi.com/patchForce": pulumi.String("true")},
				},
				Spec: corev1.PersistentVolumeClaimSpecPatchArgs{
					// Unchanged; without it a rendered claim is not complete.
					AccessModes: pulumi.StringArray{pulumi.String("ReadWriteOnce")},
					Resources: corev1.VolumeResourceRequirementsPatchArgs{
						Requests: pulumi.StringMap{"storage": pulumi.String(c.Storage)},
					},
				},
				// A claim that has grown has its size from here alone, and cannot do without: it goes with its set.
			}, append(opts[:len(opts):len(opts)], pulumi.RetainOnDelete(true))...)
		if err != nil {
			return fmt.Errorf("sizing volume claim %s: %w", name, err)
		}
	}
	return nil
}

// OneAtATime is a disruption budget that lets a drain take one of the workload's pods at a time, and any that is not
// ready.
func OneAtATime(ctx *pulumi.Context, id ID, opts ...pulumi.ResourceOption) error {
	_, err := policyv1.NewPodDisruptionBudget(ctx, id.Name+"-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: id.Meta(id.Name),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: StringMap(id.Selector())},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, opts...)
	if err != nil {
		return fmt.Errorf("creating the disruption budget of %s: %w", id.Name, err)
	}
	return nil
}
