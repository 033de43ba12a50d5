"""Asks AWS's own service models whether they know every request that a program sends.

`python -m aws_models --upstream URL` stands between a program and an AWS endpoint. It hands every byte on as it is, and
reads along: which service and operation a request is for, and whether its members are those that the model of that
operation declares, required ones there, none unknown, each of its type and within its enumeration, pattern, length and
range. The models are those of botocore. What they accept AWS may still refuse; what they do not know, AWS does not either.

    findings   one way in which a request breaks its model
    request    a request as it came over the wire, and the service that its signature names
    catalog    the models, and the operation that a request is for
    documents  members from JSON and CBOR
    forms      members from the `Action=` protocols
    xml        members from XML
    rest       members from path, query, headers and body
    scalars    members from text
    rules      the limits that a model sets to members
    newer      what AWS takes already and the models do not know yet
    verdict    all of it on one request
    relay      the connection between program and endpoint
    record     a line for each request, and the sums
"""
