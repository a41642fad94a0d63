using OrleansIoT.Silo;

if (CommandLine.AsksForHelp(args))
{
    Console.WriteLine(CommandLine.Help);
    return ExitCodes.Success;
}

try
{
    var options = CommandLine.Read(args, Environment.GetEnvironmentVariables());
    await using var app = SiloHost.Build(options);
    await app.StartAsync();
    Console.WriteLine(Greeting.Of(app));
    await app.WaitForShutdownAsync();
    return ExitCodes.Success;
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return ExitCodes.Usage;
}
catch (Exception e) when (StartFailure.Explain(e, out var why))
{
    Console.Error.WriteLine(why);
    return ExitCodes.CannotStart;
}
