using System.Globalization;
using OrleansIoT.Layers;
using OrleansIoT.Silo;

StartupHook.Initialize();
await using var layer = args switch
{
    ["bare", var port] => BareBroker.Build(int.Parse(port, CultureInfo.InvariantCulture)),
    ["without-store", .. var options] => SiloHost.Build(
        CommandLine.Read(options, Environment.GetEnvironmentVariables()), ForgetfulHistory.Replace),
    _ => throw new ArgumentException("bare PORT, or without-store and the options of the silo"),
};
await layer.RunAsync();
