using System.Globalization;
using System.Runtime.InteropServices;
using OrleansIoT.Benchmarks.Store;

// ./dev bench store [groups] [options]: prints tables in Markdown; what the rows mean is in benchmarks/README.md.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (await Starts.RunChild(args))
{
    return 0;
}

if (StoreOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(StoreOptions.Usage);
    return 2;
}

if (Directory.Exists(options.Data))
{
    Directory.Delete(options.Data, recursive: true);
}

Directory.CreateDirectory(options.Data);
Console.WriteLine(
    $".NET {Environment.Version}, {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors, {new DriveInfo(options.Data).DriveFormat}");
if (options.MixedMinutes > 0)
{
    await MixedLoad.Run(options);
}

foreach (var group in options.MixedMinutes > 0 ? [] : options.Groups)
{
    await (group switch
    {
        "base" => AppendTable.Run(options),
        "postgres" => PostgresTable.Run(options),
        "index" => IndexTable.Run(options),
        "append" => SustainedLoad.Run(options),
        "compact" => CompactorAlone.Run(options),
        "rest" => AtRest.Run(options),
        "read" => Reads.Run(options),
        "start" => Starts.Crash(options),
        _ => Starts.MemoryOfMillion(options),
    });
}

Directory.Delete(options.Data, recursive: true);
return 0;
