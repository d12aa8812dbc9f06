package slim

// Declared are all resources of this package by their tokens: what is registered, and what comes back.
func Declared() map[string][2]any {
	return map[string][2]any{
		vpcType:                   {VpcArgs{}, Vpc{}},
		defaultSecurityGroupType:  {DefaultSecurityGroupArgs{}, DefaultSecurityGroup{}},
		subnetType:                {SubnetArgs{}, Subnet{}},
		internetGatewayType:       {InternetGatewayArgs{}, InternetGateway{}},
		eipType:                   {EipArgs{}, Eip{}},
		natGatewayType:            {NatGatewayArgs{}, NatGateway{}},
		routeTableType:            {RouteTableArgs{}, RouteTable{}},
		routeType:                 {RouteArgs{}, Route{}},
		routeTableAssociationType: {RouteTableAssociationArgs{}, RouteTableAssociation{}},
		vpcEndpointType:           {VpcEndpointArgs{}, VpcEndpoint{}},
		securityGroupType:         {SecurityGroupArgs{}, SecurityGroup{}},
		flowLogType:               {FlowLogArgs{}, FlowLog{}},
		launchTemplateType:        {LaunchTemplateArgs{}, LaunchTemplate{}},
		keyType:                   {KeyArgs{}, Key{}},
		logGroupType:              {LogGroupArgs{}, LogGroup{}},
		repositoryType:            {RepositoryArgs{}, Repository{}},
		subnetGroupType:           {SubnetGroupArgs{}, SubnetGroup{}},
		parameterGroupType:        {ParameterGroupArgs{}, ParameterGroup{}},
		instanceType:              {InstanceArgs{}, Instance{}},
		repositoryPolicyType:      {RepositoryPolicyArgs{}, RepositoryPolicy{}},
		bucketType:                {BucketArgs{}, Bucket{}},
		publicAccessBlockType:     {BucketPublicAccessBlockArgs{}, BucketSetting{}},
		ownershipType:             {BucketOwnershipControlsArgs{}, BucketSetting{}},
		encryptionType:            {BucketEncryptionArgs{}, BucketSetting{}},
		versioningType:            {BucketVersioningArgs{}, BucketSetting{}},
		bucketPolicyType:          {BucketPolicyArgs{}, BucketSetting{}},
		bucketLoggingType:         {BucketLoggingArgs{}, BucketSetting{}},
		secretType:                {SecretArgs{}, Secret{}},
		secretVersionType:         {SecretVersionArgs{}, SecretVersion{}},
		lifecycleType:             {BucketLifecycleArgs{}, BucketSetting{}},
	}
}
