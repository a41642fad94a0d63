using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace OrleansIoT.EmbeddedSilo.Generator;

/// <summary>
/// For every grain and observer interface of the project a class that implements it by sending requests, and a class for
/// the request of each method, so that a call needs no reflection and boxes no argument.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class GrainReferenceGenerator : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var references = context.SyntaxProvider
            .CreateSyntaxProvider(
                static (node, _) => node is InterfaceDeclarationSyntax { BaseList: not null },
                static (syntax, cancellation) => GrainInterfaceReader.Read(
                    (InterfaceDeclarationSyntax)syntax.Node, syntax.SemanticModel, cancellation))
            .Where(static reference => reference is not null)
            .WithTrackingName("References");

        context.RegisterSourceOutput(references, static (output, reference) =>
        {
            foreach (var problem in reference!.Problems)
            {
                output.ReportDiagnostic(problem.ToDiagnostic());
            }

            if (reference.Source is not null)
            {
                output.AddSource(reference.Name + ".g.cs", SourceText.From(reference.Source, Encoding.UTF8));
            }
        });

        context.RegisterSourceOutput(references.Collect(), static (output, all) => AddRegistration(output, all!));
    }

    private static void AddRegistration(SourceProductionContext output, ImmutableArray<GeneratedReference> all)
    {
        var registrations = all.Where(reference => reference.Source is not null)
            .Select(reference => reference.Registration)
            .Distinct()
            .OrderBy(line => line, StringComparer.Ordinal)
            .ToList();
        if (registrations.Count == 0)
        {
            return;
        }

        var source = new StringBuilder(SourceWriter.Header)
            .Append("namespace OrleansIoT.EmbeddedSilo.Generated\n{\n")
            .Append("    internal static class GrainReferences\n    {\n")
            .Append("        [global::System.Runtime.CompilerServices.ModuleInitializer]\n")
            .Append("        internal static void Register()\n        {\n");
        foreach (var registration in registrations)
        {
            source.Append("            ").Append(registration).Append('\n');
        }

        source.Append("        }\n    }\n}\n");
        output.AddSource("GrainReferences.g.cs", SourceText.From(source.ToString(), Encoding.UTF8));
    }
}
