namespace OrleansIoT.Silo.Demo;

public static class DemoSetup
{
    public static IServiceCollection AddDemoFleet(this IServiceCollection services) => services.AddHostedService<DemoFleet>();
}
