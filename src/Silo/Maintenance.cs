using OrleansIoT.Gateway.Identity;
using OrleansIoT.Grains.Identity;
using OrleansIoT.History.Sqlite.Backups;

namespace OrleansIoT.Silo;

/// <summary>What the executable is asked to do instead of running.</summary>
public static class Maintenance
{
    /// <returns>Does it and answers with a line about it; null when it is to run.</returns>
    public static Func<string>? Of(SiloOptions options) => options switch
    {
        { Backup: { } file } => () => Backup.Make(options.Data, file, TimeProvider.System),
        { Restore: { } file } => () => Restore.From(file, options.Data, TimeProvider.System),
        { RotateKeys: { } mode } => () => KeyRotation.Rotate(options.Data, atOnce: mode == "now", TimeProvider.System),
        { CheckHealth: { } what } => () => HealthCommand.Ask(options, what),
        { RotateClusterKey: { } file } => () => ClusterKeyFile.Rotate(file, TimeProvider.System),
        _ => null,
    };
}
