"""The sandbox portal: an emulated Bitrix24 served over real HTTP.

It imports nothing from the rest of the project, so that one misreading of the platform cannot hide in both places.
"""
