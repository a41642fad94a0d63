using OrleansIoT.History;
using OrleansIoT.Silo;

if (CommandLine.AsksForHelp(args))
{
    Console.WriteLine(CommandLine.Help + "\n\n" + PkiCommand.Help);
    return ExitCodes.Success;
}

try
{
    if (PkiCommand.IsMeant(args))
    {
        Console.WriteLine(PkiCommand.Run(args[1..], Environment.GetEnvironmentVariables(), TimeProvider.System));
        return ExitCodes.Success;
    }

    var options = CommandLine.Read(args, Environment.GetEnvironmentVariables());
    if (Maintenance.Of(options) is { } maintenance)
    {
        Console.WriteLine(maintenance());
        return ExitCodes.Success;
    }

    DataDirectory.CheckFree(options.Data); // first: who has the directory has the ports too
    Ports.CheckFree(options);
    await using var app = SiloHost.Build(options);
    await app.StartAsync();
    Console.WriteLine(Greeting.Of(app));
    app.Lifetime.ApplicationStopping.Register(() => Console.WriteLine("Ending: what runs is finished and stored."));
    await app.WaitForShutdownAsync();
    return ExitCodes.Success;
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return ExitCodes.Usage;
}
catch (Exception e) when (StartFailure.Explain(e) is { } failure)
{
    Console.Error.WriteLine(failure.Why);
    return failure.ExitCode;
}
