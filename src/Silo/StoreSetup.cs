using OrleansIoT.History;
using OrleansIoT.History.Postgres;

namespace OrleansIoT.Silo;

public static class StoreSetup
{
    /// <summary>Everything durable in the store that this process was told to use.</summary>
    public static IServiceCollection AddHistory(this IServiceCollection services, SiloOptions options) =>
        options.Postgres is { } connection
            ? services.AddPostgresHistory(connection, options.Data)
            : services.AddSqliteHistory(options.Data);
}
