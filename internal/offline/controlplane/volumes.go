package main

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
	"k8s.io/client-go/tools/cache"
	storagehelpers "k8s.io/component-helpers/storage/volume"
)

// volumes is what a storage driver is on a real cluster: it makes a volume for each claim that the controller manager
// hands to one of our provisioners, lets it grow with its claim, and removes it once it is released and its reclaim policy says
// so. Binding is left to the controller manager, and with it everything that can go wrong with a claim: KWOK's own
// volume stages bind by themselves, at once, and know no reclaim policy but Delete.
type volumes struct {
	client  kubernetes.Interface
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
	loops   []*loop
}

// serves says whether a provisioner is one of ours: that of the default StorageClass, and those of the drivers that EKS
// and GKE have, for a cluster that plays one there.
func serves(name string) bool {
	return slices.Contains([]string{provisioner, "ebs.csi.aws.com", "pd.csi.storage.gke.io"}, name)
}

// newVolumes returns the controller. The factory is to be started afterwards.
func newVolumes(client kubernetes.Interface, factory informers.SharedInformerFactory) (*volumes, error) {
	claims := factory.Core().V1().PersistentVolumeClaims()
	persistent := factory.Core().V1().PersistentVolumes()
	v := &volumes{
		client:  client,
		claims:  claims.Lister(),
		volumes: persistent.Lister(),
		classes: factory.Storage().V1().StorageClasses().Lister(),
	}
	forClaims, err := newLoop("claims", claims.Informer(), v.reconcileClaim)
	if err != nil {
		return nil, err
	}
	forVolumes, err := newLoop("volumes", persistent.Informer(), v.reconcileVolume)
	if err != nil {
		return nil, err
	}
	v.loops = []*loop{forClaims, forVolumes}
	return v, nil
}

// run works until ctx ends.
func (v *volumes) run(ctx context.Context) {
	for _, l := range v.loops[1:] {
		go l.run(ctx)
	}
	v.loops[0].run(ctx)
}

// reconcileClaim makes the volume of a claim, or lets it grow.
func (v *volumes) reconcileClaim(ctx context.Context, key string) error {
	namespace, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return err
	}
	claim, err := v.claims.PersistentVolumeClaims(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if claim.DeletionTimestamp != nil || !serves(claim.Annotations[storagehelpers.AnnStorageProvisioner]) {
		return nil
	}
	if claim.Spec.VolumeName == "" {
		return v.provision(ctx, claim)
	}
	return v.expand(ctx, claim)
}

// provision makes a volume for a claim. The controller manager has put the annotation with our name on it, so all that
// the claim has to wait for, such as its first pod, is there.
func (v *volumes) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	class, err := v.classes.Get(storagehelpers.GetPersistentVolumeClaimClass(claim))
	if err != nil {
		return fmt.Errorf("reading its StorageClass: %w", err)
	}
	name := "pvc-" + string(claim.UID)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Annotations: map[string]string{storagehelpers.AnnDynamicallyProvisioned: class.Provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{
				corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage],
			},
			AccessModes:      claim.Spec.AccessModes,
			VolumeMode:       claim.Spec.VolumeMode,
			StorageClassName: class.Name,
			MountOptions:     class.MountOptions,
			ClaimRef: &corev1.ObjectReference{
				APIVersion:      "v1",
				Kind:            "PersistentVolumeClaim",
				Namespace:       claim.Namespace,
				Name:            claim.Name,
				UID:             claim.UID,
				ResourceVersion: claim.ResourceVersion,
			},
			// Nothing looks at the path: there is no machine, hence no folder.
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: "/simulated/" + name},
			},
		},
	}
	if class.ReclaimPolicy != nil {
		volume.Spec.PersistentVolumeReclaimPolicy = *class.ReclaimPolicy
	}
	_, err = v.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating its volume: %w", err)
	}
	return nil
}

// expand makes the volume of a bound claim as large as the claim now asks. The API server has checked that the class
// allows it.
func (v *volumes) expand(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	wanted, got := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if claim.Status.Phase != corev1.ClaimBound || wanted.Cmp(got) <= 0 {
		return nil
	}
	volume, err := v.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return fmt.Errorf("reading its volume: %w", err)
	}
	if !serves(volume.Annotations[storagehelpers.AnnDynamicallyProvisioned]) {
		return nil
	}
	volume = volume.DeepCopy()
	volume.Spec.Capacity[corev1.ResourceStorage] = wanted
	if _, err := v.client.CoreV1().PersistentVolumes().Update(ctx, volume, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("expanding its volume: %w", err)
	}
	claim = claim.DeepCopy()
	claim.Status.Capacity[corev1.ResourceStorage] = wanted
	_, err = v.client.CoreV1().PersistentVolumeClaims(claim.Namespace).UpdateStatus(ctx, claim, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("recording its new size: %w", err)
	}
	return nil
}

// reconcileVolume removes a volume of ours that has lost its claim and whose policy is Delete.
func (v *volumes) reconcileVolume(ctx context.Context, key string) error {
	volume, err := v.volumes.Get(key)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if volume.DeletionTimestamp != nil || volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete ||
		!serves(volume.Annotations[storagehelpers.AnnDynamicallyProvisioned]) {
		return nil
	}
	err = v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting it: %w", err)
	}
	return nil
}
