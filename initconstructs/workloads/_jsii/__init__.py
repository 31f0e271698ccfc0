"""The assembly that jsii loads; packaging/jsii has its sources."""
