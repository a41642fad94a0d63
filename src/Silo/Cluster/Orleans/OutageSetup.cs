using Orleans.Serialization;

namespace OrleansIoT.Silo.Cluster.Orleans;

public static class OutageSetup
{
    /// <summary>
    /// Exceptions reach callers as <see cref="OutageFilter"/> has it. The others are bugs and stay what they are, whoever has
    /// made their type: without this a caller would only hear that there is no codec for a PostgresException.
    /// </summary>
    public static IServiceCollection AddOutages(this IServiceCollection services) => services
        .Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedExceptionTypeFilter = _ => true)
        .AddSingleton<IOutgoingGrainCallFilter, OutageFilter>();
}
