package slim

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/platform/bytoken"
)

// Service is an API that is switched on in a project.
type Service struct {
	pulumi.CustomResourceState
}

// ServiceArgs are the properties of a [Service].
type ServiceArgs struct {
	Project                  pulumi.StringInput `pulumi:"project"`
	Service                  pulumi.StringInput `pulumi:"service"`
	DisableOnDestroy         pulumi.BoolInput   `pulumi:"disableOnDestroy"`
	DisableDependentServices pulumi.BoolInput   `pulumi:"disableDependentServices"`
}

// NewService switches an API on.
func NewService(
	ctx *pulumi.Context, name string, args *ServiceArgs, opts ...pulumi.ResourceOption,
) (*Service, error) {
	return bytoken.Register(ctx, "gcp:projects/service:Service", name, args, &Service{}, opts)
}

// ServiceIdentity is the account that one of Google's services acts as in a project.
type ServiceIdentity struct {
	pulumi.CustomResourceState

	Email pulumi.StringOutput `pulumi:"email"`
}

// ServiceIdentityArgs are the properties of a [ServiceIdentity].
type ServiceIdentityArgs struct {
	Project pulumi.StringInput `pulumi:"project"`
	Service pulumi.StringInput `pulumi:"service"`
}

// NewServiceIdentity makes sure that a service has its account. It is Google's: nothing deletes it.
func NewServiceIdentity(
	ctx *pulumi.Context, name string, args *ServiceIdentityArgs, opts ...pulumi.ResourceOption,
) (*ServiceIdentity, error) {
	return bytoken.Register(ctx, "gcp:projects/serviceIdentity:ServiceIdentity", name, args, &ServiceIdentity{}, opts)
}

// Account is a service account.
type Account struct {
	pulumi.CustomResourceState

	Email    pulumi.StringOutput `pulumi:"email"`
	Member   pulumi.StringOutput `pulumi:"member"`
	UniqueID pulumi.StringOutput `pulumi:"uniqueId"`
}

// AccountArgs are the properties of an [Account].
type AccountArgs struct {
	AccountID   pulumi.StringInput `pulumi:"accountId"`
	DisplayName pulumi.StringInput `pulumi:"displayName"`
}

// NewAccount makes a service account.
func NewAccount(
	ctx *pulumi.Context, name string, args *AccountArgs, opts ...pulumi.ResourceOption,
) (*Account, error) {
	return bytoken.Register(ctx, "gcp:serviceaccount/account:Account", name, args, &Account{}, opts)
}

// Member is one principal's role on something. It leaves everybody else's alone.
type Member struct {
	pulumi.CustomResourceState
}

// Condition limits a role to requests for which an expression in CEL is true.
type Condition struct {
	Title      pulumi.StringInput `pulumi:"title"`
	Expression pulumi.StringInput `pulumi:"expression"`
}

// ProjectMemberArgs are the properties of a role on a project.
type ProjectMemberArgs struct {
	Project   pulumi.StringInput `pulumi:"project"`
	Role      pulumi.StringInput `pulumi:"role"`
	Member    pulumi.StringInput `pulumi:"member"`
	Condition *Condition         `pulumi:"condition"`
}

// NewProjectMember gives a role on a project.
func NewProjectMember(
	ctx *pulumi.Context, name string, args *ProjectMemberArgs, opts ...pulumi.ResourceOption,
) (*Member, error) {
	return bytoken.Register(ctx, "gcp:projects/iAMMember:IAMMember", name, args, &Member{}, opts)
}

// KeyMemberArgs are the properties of a role on a key.
type KeyMemberArgs struct {
	CryptoKeyID pulumi.StringInput `pulumi:"cryptoKeyId"`
	Role        pulumi.StringInput `pulumi:"role"`
	Member      pulumi.StringInput `pulumi:"member"`
}

// NewKeyMember gives a role on a key.
func NewKeyMember(
	ctx *pulumi.Context, name string, args *KeyMemberArgs, opts ...pulumi.ResourceOption,
) (*Member, error) {
	return bytoken.Register(ctx, "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", name, args, &Member{}, opts)
}

// BucketMemberArgs are the properties of a role on a bucket of Cloud Storage.
type BucketMemberArgs struct {
	Bucket    pulumi.StringInput `pulumi:"bucket"`
	Role      pulumi.StringInput `pulumi:"role"`
	Member    pulumi.StringInput `pulumi:"member"`
	Condition *Condition         `pulumi:"condition"`
}

// NewBucketMember gives a role on a bucket.
func NewBucketMember(
	ctx *pulumi.Context, name string, args *BucketMemberArgs, opts ...pulumi.ResourceOption,
) (*Member, error) {
	return bytoken.Register(ctx, "gcp:storage/bucketIAMMember:BucketIAMMember", name, args, &Member{}, opts)
}

// SecretMemberArgs are the properties of a role on a secret of Secret Manager.
type SecretMemberArgs struct {
	SecretID pulumi.StringInput `pulumi:"secretId"`
	Role     pulumi.StringInput `pulumi:"role"`
	Member   pulumi.StringInput `pulumi:"member"`
}

// NewSecretMember gives a role on a secret.
func NewSecretMember(
	ctx *pulumi.Context, name string, args *SecretMemberArgs, opts ...pulumi.ResourceOption,
) (*Member, error) {
	return bytoken.Register(ctx, "gcp:secretmanager/secretIamMember:SecretIamMember", name, args, &Member{}, opts)
}

// AccountMemberArgs are the properties of a role on a service account.
type AccountMemberArgs struct {
	ServiceAccountID pulumi.StringInput `pulumi:"serviceAccountId"`
	Role             pulumi.StringInput `pulumi:"role"`
	Member           pulumi.StringInput `pulumi:"member"`
}

// NewAccountMember gives a role on a service account.
func NewAccountMember(
	ctx *pulumi.Context, name string, args *AccountMemberArgs, opts ...pulumi.ResourceOption,
) (*Member, error) {
	return bytoken.Register(ctx, "gcp:serviceaccount/iAMMember:IAMMember", name, args, &Member{}, opts)
}
