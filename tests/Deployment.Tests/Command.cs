using System.Diagnostics;
using OrleansIoT.Fixtures;

namespace OrleansIoT.Deployment.Tests;

/// <summary>A command as an operator runs it, in the checkout, with the executable that these tests were built with.</summary>
internal static class Command
{
    public static string Executable { get; } = $"dotnet {Path.Combine(AppContext.BaseDirectory, "OrleansIoT.Silo.dll")}";

    public static async Task<CommandResult> Run(string program, params string[] arguments)
    {
        var path = program.Contains('/', StringComparison.Ordinal) ? Path.Combine(Repository.Root, program) : program;
        var info = new ProcessStartInfo(path, arguments)
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["ORLEANSIOT_EXECUTABLE"] = Executable;
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return new CommandResult(process.ExitCode, await output, await error);
    }
}

internal sealed record CommandResult(int ExitCode, string Output, string Error)
{
    public CommandResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}: {Output}{Error}");
        return this;
    }
}
